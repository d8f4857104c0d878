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
  opens: boolean;
}

export function blank(): Draft {
  return {
    source: 'hotline', level: 'normal', text: '', title: '', isTitled: false, address: '', areaCode: null, areaName: '', lon: '', lat: '', system: 'gcj02',
    categoryId: null, name: '', phone: '', hidden: false, opens: true,
  };
}

/** The case that a report is to join instead of opening one. */
export interface Joining {
  id: string;
  no: string;
}

const KEY = 'chengyun.draft.';

/** The draft this account left in this browser. */
export function recallDraft(accountId: string): Draft {
  try {
    return { ...blank(), ...(JSON.parse(localStorage.getItem(KEY + accountId) ?? '{}') as Partial<Draft>) };
  } catch {
    return blank();
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

/** What is still missing or wrong, by field. */
export function wrongOf(draft: Draft, joins = false): Set<'text' | 'place' | 'pair' | 'category'> {
  const wrong = new Set<'text' | 'place' | 'pair' | 'category'>();
  const hasPoint = draft.lon.trim() !== '' || draft.lat.trim() !== '';
  if (draft.text.trim() === '' && draft.title.trim() === '') wrong.add('text');
  if (hasPoint && !(isDegrees(draft.lon) && isDegrees(draft.lat))) wrong.add('pair');
  if (draft.opens && !joins && draft.categoryId === null) wrong.add('category');
  if (draft.opens && !joins && draft.areaCode === null && !hasPoint) wrong.add('place');
  return wrong;
}
