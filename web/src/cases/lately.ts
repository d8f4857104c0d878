// Whom somebody has dispatched to last, kept in this browser for the account: ids only, names belong to the server.

const KEY = 'chengyun.dispatched.';
const KEPT = 9;

export function dispatchedLately(accountId: string): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY + accountId) ?? '[]');
    return Array.isArray(kept) ? kept.filter((each): each is string => typeof each === 'string') : [];
  } catch {
    return [];
  }
}

export function noteDispatched(accountId: string, organisationId: string): void {
  const others = dispatchedLately(accountId).filter((each) => each !== organisationId);
  try {
    localStorage.setItem(KEY + accountId, JSON.stringify([organisationId, ...others].slice(0, KEPT)));
  } catch {
    // A browser that keeps nothing remembers nothing.
  }
}

/** Whom the keys 1 to 9 choose: who is suggested, who stands in its reasons, who was chosen last; each once. */
export function numbered(suggested: readonly (string | null | undefined)[], lately: readonly string[], known: ReadonlySet<string>): string[] {
  const all = [...suggested, ...lately].filter((each): each is string => typeof each === 'string' && known.has(each));
  return [...new Set(all)].slice(0, KEPT);
}
