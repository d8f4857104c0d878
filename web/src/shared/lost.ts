import { ref } from 'vue';
import type { Router } from 'vue-router';

// Pages are fetched when they are wanted. After an upgrade the server has other files than an open page asks for, and a network may be away.

/** The page that somebody wanted and did not get: its address. */
export const lostPage = ref<string | null>(null);
/** Something else than a page did not come. */
export const hasLostPart = ref(false);

export function followLost(router: Router): void {
  addEventListener('vite:preloadError', () => { hasLostPart.value = true; });
  router.onError((_error, to) => { lostPage.value = to.fullPath; });
  router.afterEach((_to, _from, failure) => { if (!failure) lostPage.value = null; });
}

/** Everything anew, at the page that was wanted. */
export function loadAgain(): void {
  if (lostPage.value === null || lostPage.value === location.pathname + location.search) location.reload();
  else location.assign(lostPage.value);
}
