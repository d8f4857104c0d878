import type { CommandPath, Schemas } from '@/api/client';
import { filledIn, missingOf, type Answers, type PlainField } from '@/shared/fields';

// What may be done with a report, by its stage and by what one may do; the law has the last word, and its refusal is shown.

export type ReportView = Schemas['ReportView'];

export type ReportField = (PlainField | { kind: 'open' }) & { when?: (answers: Answers) => boolean };

export interface ReportSpec {
  path: CommandPath;
  stages: readonly ReportView['stage'][];
  fields: readonly ReportField[];
  key?: string;
  isStep?: boolean;
  isDanger?: boolean;
  /** For whom it is, besides whoever has the permission. */
  fits?: (report: ReportView, staffId: string) => boolean;
}

export const SATISFACTION = ['very_satisfied', 'satisfied', 'fairly_satisfied', 'dissatisfied', 'very_dissatisfied'] as const;
const REJECT = ['out_of_scope', 'duplicate', 'in_proceedings', 'not_verifiable', 'unlawful', 'confidential', 'emergency_number', 'other'] as const;
const FORGET = ['asked', 'expired', 'unlawful'] as const;

const text = (name: string, label: string, required = false): ReportField => ({ kind: 'text', name, label, required });
const isFree = (report: ReportView, staffId: string): boolean => !report.claimed_by || report.claimed_by === staffId;
const isReached = (answers: Answers): boolean => answers['reached'] === true;
const satisfaction: PlainField = { kind: 'options', name: 'satisfaction', label: 'report.satisfaction', table: 'satisfaction', codes: SATISFACTION, required: true };

export const REPORT_SPECS: Readonly<Record<string, ReportSpec>> = {
  report_claim: { path: '/api/v1/reports/{id}/claim', stages: ['received', 'calling_back'], fields: [], key: 'A', isStep: true, fits: (report) => !report.claimed_by },
  report_accept: { path: '/api/v1/reports/{id}/accept', stages: ['received'], fields: [{ kind: 'open' }], key: 'F', isStep: true, fits: isFree },
  report_answer: { path: '/api/v1/reports/{id}/answer', stages: ['received'], fields: [text('answer', 'report.answer', true)], key: 'E', isStep: true, fits: isFree },
  report_callback: {
    path: '/api/v1/reports/{id}/callback', stages: ['calling_back'], key: 'C', isStep: true, fits: isFree,
    fields: [
      { kind: 'choice', name: 'reached', label: 'action.reached', yes: 'action.reachedYes', no: 'action.reachedNo' },
      { kind: 'choice', name: 'solved', label: 'report.solved', yes: 'report.solvedYes', no: 'report.solvedNo', when: isReached },
      { ...satisfaction, when: isReached },
      { kind: 'text', name: 'words', label: 'report.words', when: isReached },
      { kind: 'choice', name: 'again', label: 'report.again', yes: 'report.againYes', no: 'report.againNo', when: (answers) => isReached(answers) && answers['solved'] === false },
    ],
  },
  report_reject: {
    path: '/api/v1/reports/{id}/reject', stages: ['received'], key: 'R', isDanger: true, fits: isFree,
    fields: [{ kind: 'options', name: 'reason', label: 'action.reason', table: 'rejectReason', codes: REJECT, required: true }, text('answer', 'report.answer', true)],
  },
  report_join: { path: '/api/v1/reports/{id}/join', stages: ['received', 'accepted'], fields: [{ kind: 'case', name: 'case_id', label: 'report.into' }], key: 'M', fits: isFree },
  report_assign: { path: '/api/v1/reports/{id}/assign', stages: ['received', 'calling_back'], fields: [{ kind: 'person', name: 'staff_id', label: 'action.person' }] },
  report_release: { path: '/api/v1/reports/{id}/release', stages: ['received', 'calling_back'], fields: [], fits: (report) => !!report.claimed_by },
  report_withdraw: {
    path: '/api/v1/reports/{id}/withdraw', stages: ['received', 'accepted'], isDanger: true,
    fields: [{ kind: 'choice', name: 'by_reporter', label: 'report.withdrawnBy', yes: 'report.byReporter', no: 'report.onBehalf' }, text('reason', 'action.reason', true)],
  },
  report_rate: { path: '/api/v1/reports/{id}/rate', stages: ['settled'], fields: [satisfaction, text('words', 'report.words')], fits: (report) => !report.rating },
  report_forget: {
    path: '/api/v1/reports/{id}/forget', stages: ['settled', 'answered', 'rejected', 'withdrawn'], isDanger: true,
    fields: [{ kind: 'options', name: 'reason', label: 'action.reason', table: 'forgetReason', codes: FORGET, required: true }], fits: (report) => typeof report.title === 'string',
  },
};

export const shownFields = (spec: ReportSpec, answers: Answers): ReportField[] => spec.fields.filter((field) => field.when === undefined || field.when(answers));

/** What of the form is still missing, by field. */
export function missingOfReport(operation: string, answers: Answers, report: ReportView): Set<string> {
  const spec = REPORT_SPECS[operation];
  if (spec === undefined) return new Set();
  const wrong = missingOf(shownFields(spec, answers), answers);
  if (operation === 'report_accept') {
    if (typeof answers['category_id'] !== 'string') wrong.add('category_id');
    if (!report.area && typeof answers['area_code'] !== 'string') wrong.add('area_code');
  }
  return wrong;
}

/** The body of the command. */
export function bodyOfReport(operation: string, answers: Answers, report: ReportView): Record<string, unknown> {
  const spec = REPORT_SPECS[operation];
  const shown = spec === undefined ? [] : shownFields(spec, answers);
  const names = new Set(shown.flatMap((field) => ('name' in field ? [field.name] : [])));
  const body = filledIn(shown, Object.fromEntries(Object.entries(answers).filter(([name]) => names.has(name))));
  if (operation === 'report_accept') {
    const { category_id, area_code } = answers;
    return { open_cases: [{ category_id, ...(typeof area_code === 'string' ? { place: { area_code } } : {}) }], join_case_ids: [] };
  }
  // A received report joins a case by being accepted to it.
  if (operation === 'report_join' && report.stage === 'received') return { open_cases: [], join_case_ids: [body['case_id']] };
  if (operation === 'report_callback') {
    const { again, ...said } = body;
    const last = report.case_ids.at(-1);
    return again === true && last !== undefined ? { ...said, redo: { reopen_case_id: last } } : said;
  }
  return body;
}

/** Where the command goes. */
export function pathOfReport(operation: string, report: ReportView): CommandPath {
  if (operation === 'report_join' && report.stage === 'received') return '/api/v1/reports/{id}/accept';
  return (REPORT_SPECS[operation] as ReportSpec).path;
}
