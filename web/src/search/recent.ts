// The cases somebody opened last, kept in this browser for the account. Only their ids and numbers: words belong to the server.

export interface Recent {
  id: string;
  no: string;
}

const KEY = 'chengyun.recent.';
const KEPT = 8;

export function recentCases(accountId: string): Recent[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY + accountId) ?? '[]');
    return Array.isArray(kept) ? kept.filter((each): each is Recent => typeof each?.id === 'string' && typeof each?.no === 'string') : [];
  } catch {
    return [];
  }
}

export function noteCase(accountId: string, opened: Recent): void {
  const others = recentCases(accountId).filter((each) => each.id !== opened.id);
  try {
    localStorage.setItem(KEY + accountId, JSON.stringify([opened, ...others].slice(0, KEPT)));
  } catch {
    // A browser that keeps nothing remembers nothing.
  }
}
