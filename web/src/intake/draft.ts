import type { Schemas } from '@/api/client';

/** What becomes of a report as soon as it is registered. */
export type Outcome = 'open' | 'answer' | 'handled' | 'pool';

/** What may become of it by what somebody may do, the first as a rule. */
export function outcomesOf(may: (permission: string) => boolean): Outcome[] {
  const needs: [Outcome, string][] = [['open', 'report_accept'], ['answer', 'report_answer'], ['pool', 'report_create'], ['handled', 'case_self_handle']];
  return needs.filter(([, permission]) => may(permission)).map(([outcome]) => outcome);
}

export interface Draft {
  source: string;
  level: string;
  text: string;
  title: string;
  /** Whether the title was written by hand; else it follows the text. */
  isTitled: boolean;
  address: string;
  areaCode: string | null;
  areaName: string;
  lon: string;
  lat: string;
  system: string;
  categoryId: string | null;
  name: string;
  phone: string;
  hidden: boolean;
  outcome: Outcome;
  /** Of what is answered at once. */
  answer: string;
  /** Of what was put right at once: what was done, and the filing condition that was met. */
  result: string;
  ruleId: string | null;
}

export function blank(): Draft {
  return {
    source: 'hotline', level: 'normal', text: '', title: '', isTitled: false, address: '', areaCode: null, areaName: '', lon: '', lat: '', system: 'gcj02',
    categoryId: null, name: '', phone: '', hidden: false, outcome: 'open', answer: '', result: '', ruleId: null,
  };
}

/** The case that a report is to join instead of opening one. */
export interface Joining {
  id: string;
  no: string;
}

const KEY = 'chengyun.draft.';

/** The draft this account left in this browser; else one that begins with `first`. */
export function recallDraft(accountId: string, first: Partial<Draft> = {}): Draft {
  try {
    return { ...blank(), ...first, ...(JSON.parse(localStorage.getItem(KEY + accountId) ?? '{}') as Partial<Draft>) };
  } catch {
    return { ...blank(), ...first };
  }
}

export function keepDraft(accountId: string, draft: Draft | null): void {
  try {
    if (draft === null) localStorage.removeItem(KEY + accountId);
    else localStorage.setItem(KEY + accountId, JSON.stringify(draft));
  } catch {
    // A browser that keeps nothing: the draft lasts as long as the page.
  }
}

const TITLE_MAX = 40;

/** A title out of what was told: its first sentence, as far as a title goes. */
export function titleOf(text: string): string {
  const first = text.trim().split(/[。！？!?\n；;]/)[0]?.trim() ?? '';
  const told = first.replace(/^(市民|诉求人|来电人)?(来电)?(反映|投诉|举报|称|：|:|，|,)+/, '');
  return [...told].slice(0, TITLE_MAX).join('');
}

export const isDegrees = (text: string): boolean => /^-?\d{1,3}(\.\d+)?$/.test(text.trim());

export type Wrong = 'text' | 'place' | 'pair' | 'category' | 'answer' | 'result' | 'rule';

/** What is still missing or wrong, by field. `rules`: how many filing conditions the category has. */
export function wrongOf(draft: Draft, joins = false, rules = 0): Set<Wrong> {
  const wrong = new Set<Wrong>();
  const hasPoint = draft.lon.trim() !== '' || draft.lat.trim() !== '';
  const opens = !joins && (draft.outcome === 'open' || draft.outcome === 'handled');
  if (draft.text.trim() === '' && draft.title.trim() === '') wrong.add('text');
  if (hasPoint && !(isDegrees(draft.lon) && isDegrees(draft.lat))) wrong.add('pair');
  if (opens && draft.categoryId === null) wrong.add('category');
  if (opens && draft.areaCode === null && !hasPoint) wrong.add('place');
  if (!joins && draft.outcome === 'answer' && draft.answer.trim() === '') wrong.add('answer');
  if (!joins && draft.outcome === 'handled') {
    if (draft.result.trim() === '') wrong.add('result');
    if (rules > 0 && draft.ruleId === null) wrong.add('rule');
  }
  return wrong;
}

/** What both kinds of request say of it: what, where, and of which category the case is. */
function common(draft: Draft) {
  const { source, text, title, address, areaCode, lon, lat, system } = draft;
  const hasPoint = lon.trim() !== '';
  return {
    source, title: title.trim() || titleOf(text), detail: text.trim(),
    ...(address.trim() && { address: address.trim() }),
    place: { ...(areaCode !== null && { area_code: areaCode }), ...(hasPoint && { lon: Number(lon), lat: Number(lat), coordinate_system: system }) },
  };
}
const category = (draft: Draft) => (draft.categoryId === null ? {} : { category_id: draft.categoryId });

/** The report as it is sent; with its case where one is opened at once. */
export function reportOf(draft: Draft, attachmentIds: readonly string[], joins: boolean): Schemas['ReportCreateRequest'] {
  const { level, name, phone, hidden, outcome } = draft;
  return {
    ...common(draft), level: level as Schemas['Level'],
    ...(attachmentIds.length > 0 && { attachment_ids: [...attachmentIds] }),
    ...((name.trim() || phone.trim()) && { reporter: { ...(name.trim() && { name: name.trim() }), ...(phone.trim() && { phone: phone.trim() }), hidden } }),
    ...(!joins && outcome === 'open' && { open_case: category(draft) }),
  };
}

/** What was found and put right at once, as it is sent. */
export function handledOf(draft: Draft, foundIds: readonly string[], doneIds: readonly string[]): Schemas['CaseSelfHandleRequest'] {
  return {
    ...common(draft), ...category(draft), result: draft.result.trim(),
    ...(draft.ruleId !== null && { rule_row_id: draft.ruleId }),
    ...(foundIds.length > 0 && { found_attachment_ids: [...foundIds] }),
    ...(doneIds.length > 0 && { attachment_ids: [...doneIds] }),
  };
}
