import { outbox } from '../outbox/outbox';
import type { Reported } from './types';

const KEY = 'chengyun.link';

/** Keeps a link that a code was given for as long as the page is open; the name it is found by. */
export function keepLink(token: string): string {
  sessionStorage.setItem(KEY, token);
  return 'code';
}

/** The token of a link: of a report told from this phone, or the one a code was given for. */
export function tokenOf(about: string): string | null {
  if (about === 'code') return sessionStorage.getItem(KEY);
  const item = outbox.items.value.find((each) => each.id === about);
  return (item?.answer as Reported | null | undefined)?.link.token ?? null;
}
