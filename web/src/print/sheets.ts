import type { CaseView } from '@/cases/actions';
import { word } from '@/i18n';
import { dateTime } from '@/shared/format';

/** A part of a sheet: its heading, and rows of a name and what stands there. */
export interface SheetPart {
  title: string;
  rows: readonly (readonly [string, string | null | undefined])[];
}

type Row = SheetPart['rows'][number];

/** What is written at length has a line of its own. */
const LONG = new Set(['action.result', 'action.opinion', 'action.demand', 'action.reply']);

/** The rows of a part as lines: two short ones beside each other, so that a sheet of several organisations stays one page. */
export function linesOf(part: SheetPart): Row[][] {
  const lines: Row[][] = [];
  for (const row of part.rows) {
    const last = lines.at(-1);
    const isBeside = last?.length === 1 && ![...last, row].some(([name]) => LONG.has(name));
    if (isBeside) last.push(row);
    else lines.push([row]);
  }
  return lines;
}

const said = (view: CaseView, ...kinds: string[]): { note: string; at: string; by: string } => {
  const entry = [...view.timeline].reverse().find((each) => kinds.includes(each.kind));
  return { note: entry?.note ?? '', at: dateTime(entry?.occurred_at), by: entry?.by ? `${entry.by.organisation.name ?? ''} · ${word('role', entry.by.role)}` : '' };
};

/** What stands on a sheet beneath the facts of the case: only what was in fact done, from its timeline and tasks. */
export function bodyOfSheet(sheet: 'filing' | 'dispatch' | 'inspection' | 'supervision', view: CaseView): SheetPart[] {
  const handlers = view.tasks.filter((task) => task.kind === 'handle');
  switch (sheet) {
    case 'filing': {
      const filed = said(view, 'case_filed');
      return [{ title: 'print.filing', rows: [
        ['detail.filedBy', view.filed_by?.name ?? filed.by], ['print.at', filed.at], ['detail.rule', view.rule?.limit], ['detail.acceptedBy', view.accepted_by.name], ['action.opinion', filed.note],
      ] }];
    }
    case 'dispatch': {
      const given = said(view, 'case_dispatched');
      return [
        { title: 'print.dispatch', rows: [['print.by', given.by], ['print.at', given.at], ['detail.rule', view.rule?.limit], ['detail.accountable', view.accountable.name]] },
        ...handlers.map((task) => ({ title: `taskRole.${task.role}`, rows: [
          ['task.organisation', task.organisation.name], ['task.state', word('taskState', task.state)],
          ['print.response', dateTime(task.response?.due_at)], ['print.handling', dateTime(task.handling.due_at)], ['action.result', task.result],
        ] as const })),
      ];
    }
    case 'inspection': {
      const seen = said(view, 'case_inspected');
      return [
        ...handlers.filter((task) => task.result).map((task) => ({ title: 'action.result', rows: [
          ['task.organisation', task.organisation.name], ['print.at', dateTime(task.finished_at)], ['action.result', task.result],
        ] as const })),
        { title: 'print.inspection', rows: [['print.by', seen.by], ['print.at', seen.at], ['print.rework', String(view.rework_count)], ['action.opinion', seen.note]] },
      ];
    }
    default: {
      const { supervision } = view.overlays;
      const demanded = said(view, 'case_supervised');
      const replied = said(view, 'supervision_replied');
      return [
        { title: 'print.supervision', rows: [
          ['print.by', supervision?.by?.name ?? demanded.by], ['print.at', demanded.at], ['print.to', supervision?.organisation.name], ['action.replyBy', dateTime(supervision?.clock.due_at)], ['action.demand', demanded.note],
        ] },
        { title: 'action.reply', rows: [['print.by', replied.by], ['print.at', replied.at], ['action.reply', replied.note]] },
      ];
    }
  }
}
