import type { CommandPath, Schemas } from '@/api/client';
import { filledIn, missingOf, type Answers, type PlainField } from '@/shared/fields';

// What each command asks for, and the key that opens it. Which of them may be given is the server's word alone (`actions` of a case).

export type CaseView = Schemas['CaseView'];
export type ActionView = Schemas['ActionView'];

export type Field = PlainField | { kind: 'rule' | 'closing' | 'dispatch' | 'failed' | 'limit' | 'split' | 'files' };

export interface Spec {
  path: CommandPath;
  fields: readonly Field[];
  key?: string;
  /** Steps that bring the case on stand first. */
  isStep?: boolean;
  isDanger?: boolean;
}

const text = (name: string, label: string, required = false, hint?: string): Field => ({ kind: 'text', name, label, required, ...(hint === undefined ? {} : { hint }) });
const reason = text('reason', 'action.reason', true);
const opinion = text('opinion', 'action.opinion');
const approved: Field = { kind: 'choice', name: 'approved', label: 'action.approved', yes: 'action.approve', no: 'action.refuse' };
/** Photos and the like that go with the action. */
const files: Field = { kind: 'files' };
const to = (label: string, below = false): Field => ({ kind: 'organisation', name: 'organisation_id', label, below });

export const SPECS: Readonly<Record<string, Spec>> = {
  case_verify: { path: '/api/v1/cases/{id}/verify', fields: [to('action.by'), text('remark', 'action.remark')], key: 'V' },
  case_verify_result: {
    path: '/api/v1/cases/{id}/verify-result', key: 'V', isStep: true,
    fields: [{ kind: 'choice', name: 'is_true', label: 'action.isTrue', yes: 'action.true', no: 'action.false' }, opinion, files],
  },
  case_file: { path: '/api/v1/cases/{id}/file', fields: [{ kind: 'rule' }], key: 'F', isStep: true },
  case_dispatch: { path: '/api/v1/cases/{id}/dispatch', fields: [{ kind: 'dispatch' }], key: 'D', isStep: true },
  case_inspect_result: {
    path: '/api/v1/cases/{id}/inspect-result', key: 'I', isStep: true,
    fields: [{ kind: 'choice', name: 'passed', label: 'action.passed', yes: 'action.pass', no: 'action.fail' }, { kind: 'failed' }, opinion, files],
  },
  case_close: { path: '/api/v1/cases/{id}/close', fields: [{ kind: 'closing' }, opinion], key: 'E', isStep: true },
  task_accept: { path: '/api/v1/tasks/{id}/accept', fields: [], key: 'A', isStep: true },
  task_finish: { path: '/api/v1/tasks/{id}/finish', fields: [text('result', 'action.result', true, 'action.resultHint'), files], key: 'E', isStep: true },
  task_reroute: { path: '/api/v1/tasks/{id}/reroute', fields: [to('action.organisation')], key: 'D', isStep: true },
  task_contact: {
    path: '/api/v1/tasks/{id}/contact',
    fields: [{ kind: 'choice', name: 'reached', label: 'action.reached', yes: 'action.reachedYes', no: 'action.reachedNo' }, text('note', 'action.remark'), files],
  },
  task_return: { path: '/api/v1/tasks/{id}/return', fields: [reason, files], key: 'R', isDanger: true },
  task_delegate: { path: '/api/v1/tasks/{id}/delegate', fields: [to('action.below', true)] },
  task_add_co: { path: '/api/v1/tasks/{id}/add-co', fields: [to('action.organisation')] },
  task_revoke: { path: '/api/v1/tasks/{id}/revoke', fields: [reason], isDanger: true },
  extension_request: { path: '/api/v1/tasks/{id}/extension', fields: [{ kind: 'limit' }, reason, files] },
  extension_decide: { path: '/api/v1/tasks/{id}/extension/decide', fields: [approved, opinion], isStep: true },
  suspension_request: { path: '/api/v1/tasks/{id}/suspension', fields: [{ kind: 'when', name: 'until', label: 'action.until', required: true }, reason, files], key: 'H' },
  suspension_decide: { path: '/api/v1/tasks/{id}/suspension/decide', fields: [approved, opinion], isStep: true },
  suspension_end: { path: '/api/v1/tasks/{id}/suspension/end', fields: [text('reason', 'action.reason')] },
  case_send_back: { path: '/api/v1/cases/{id}/send-back', fields: [reason], key: 'R', isDanger: true },
  case_recall: { path: '/api/v1/cases/{id}/recall', fields: [text('reason', 'action.reason')], isDanger: true },
  case_urge: { path: '/api/v1/cases/{id}/urge', fields: [text('note', 'action.note')], key: 'U' },
  case_mark: { path: '/api/v1/cases/{id}/mark', fields: [] },
  case_supervise: { path: '/api/v1/cases/{id}/supervise', fields: [text('demand', 'action.demand', true), { kind: 'when', name: 'due_at', label: 'action.replyBy' }], key: 'Shift+U' },
  supervision_reply: { path: '/api/v1/cases/{id}/supervision/reply', fields: [text('reply', 'action.reply', true), files], isStep: true },
  supervision_end: { path: '/api/v1/cases/{id}/supervision/end', fields: [opinion] },
  case_reopen: { path: '/api/v1/cases/{id}/reopen', fields: [reason] },
  task_assign: { path: '/api/v1/tasks/{id}/assign', fields: [{ kind: 'person', name: 'staff_id', label: 'action.person' }] },
  task_co_rate: { path: '/api/v1/tasks/{id}/co-rate', fields: [{ kind: 'score', name: 'score', label: 'action.score' }, text('remark', 'action.remark')] },
  ruling_demand: { path: '/api/v1/tasks/{id}/demand-ruling', fields: [reason] },
  case_rule: { path: '/api/v1/cases/{id}/rule', fields: [to('action.ruled'), reason], isStep: true },
  appeal_file: { path: '/api/v1/tasks/{id}/appeal', fields: [reason] },
  appeal_review: { path: '/api/v1/cases/{id}/appeal/review', fields: [approved, opinion], isStep: true },
  case_exclude: { path: '/api/v1/cases/{id}/exclude', fields: [reason] },
  exclusion_decide: { path: '/api/v1/cases/{id}/exclusion/decide', fields: [approved, opinion], isStep: true },
  case_level: { path: '/api/v1/cases/{id}/level', fields: [{ kind: 'options', name: 'level', label: 'action.level', table: 'level', codes: ['normal', 'urgent', 'critical'], required: true }, text('reason', 'action.reason')] },
  case_deadline_give: { path: '/api/v1/cases/{id}/deadline', fields: [{ kind: 'when', name: 'due_at', label: 'action.dueAt', required: true }, text('reason', 'action.reason')] },
  case_mode_apply: { path: '/api/v1/cases/{id}/mode', fields: [] },
  case_hide_reporter: { path: '/api/v1/cases/{id}/hide-reporter', fields: [] },
  case_merge: { path: '/api/v1/cases/{id}/merge', fields: [{ kind: 'case', name: 'into_case_id', label: 'action.into' }], key: 'M' },
  case_split: { path: '/api/v1/cases/{id}/split', fields: [{ kind: 'split' }] },
  case_cancel: { path: '/api/v1/cases/{id}/cancel', fields: [reason], isDanger: true },
};

/** Every key of the detail with what it opens. */
export const KEYS: readonly (readonly [string, string[]])[] = (() => {
  const keys = new Map<string, string[]>();
  for (const [operation, { key }] of Object.entries(SPECS)) {
    if (key !== undefined) keys.set(key, [...(keys.get(key) ?? []), operation]);
  }
  return [...keys].map(([key, names]) => [key, names] as const);
})();

/** One action as it is offered. */
export interface Offer {
  id: string;
  action: ActionView;
  spec: Spec;
  task: CaseView['tasks'][number] | null;
}

/** What the page has forms for, of what the server says may be done: steps first, the rest after them. */
export function offers(view: CaseView): { steps: Offer[]; others: Offer[] } {
  const all = view.actions.flatMap((action): Offer[] => {
    const spec = SPECS[action.operation];
    if (spec === undefined) return [];
    const task = view.tasks.find((each) => each.id === action.task_id) ?? null;
    return [{ id: `${action.operation}:${action.task_id ?? ''}`, action, spec, task }];
  });
  return { steps: all.filter((each) => each.spec.isStep === true), others: all.filter((each) => each.spec.isStep !== true) };
}

export type { Answers };

/** What of the form is still missing, by field. */
export function missing(offer: Offer, answers: Answers, rulesKnown: number): Set<string> {
  const wrong = missingOf(offer.spec.fields, answers);
  const blank = (name: string): boolean => typeof answers[name] !== 'string' || (answers[name] as string).trim() === '';
  for (const field of offer.spec.fields) {
    if (field.kind === 'rule' && rulesKnown > 0 && blank('rule_row_id')) wrong.add('rule_row_id');
    if (field.kind === 'dispatch' && blank('lead_organisation_id')) wrong.add('lead_organisation_id');
    if (field.kind === 'split') {
      const parts = (answers['cases'] as SplitPart[] | undefined) ?? [];
      if (parts.length === 0 || parts.some((part) => part.title.trim() === '')) wrong.add('cases');
    }
  }
  const isRefused = ['passed', 'approved', 'is_true'].some((name) => answers[name] === false);
  if (isRefused && blank('opinion')) wrong.add('opinion');
  if (answers['passed'] === false && !(Array.isArray(answers['failed_task_ids']) && answers['failed_task_ids'].length > 0)) wrong.add('failed_task_ids');
  return wrong;
}

/** One of the cases that a case is split into. */
export interface SplitPart {
  title: string;
  category_id: string | null;
}

/** The body of the command: what was filled in, without what was left blank. */
export function bodyOf(offer: Offer, answers: Answers, view: CaseView): Record<string, unknown> {
  const { operation } = offer.action;
  if (operation === 'case_mark') return { important: !view.overlays.important };
  if (operation === 'case_hide_reporter') return { hidden: !view.overlays.reporter_hidden };
  const body = filledIn(offer.spec.fields, answers);
  if (body['passed'] === true) delete body['failed_task_ids'];
  if (operation === 'case_close' && view.rule) body['rule_row_id'] = view.rule.id;
  if (operation === 'case_split') {
    body['cases'] = (answers['cases'] as SplitPart[]).map(({ title, category_id }) => ({ title: title.trim(), category_id }));
  }
  return body;
}
