import { useQuery, useQueryClient } from '@tanstack/vue-query';
import { computed, onBeforeUnmount } from 'vue';
import { api, body } from '@/api/client';
import { useLive } from '@/live';
import { useSession } from '@/session';

/** A notice of a task given is listed a moment after it was written: so long it may be taken back. */
export const NOTICE_SHOWN_AFTER_MS = 9_000;
const MOST = 100;

/** How many notices nobody has read: as many as are shown of them; one more stands for more. */
export function useUnread() {
  const session = useSession();
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: ['notices-unread'], enabled: computed(() => session.who?.must_change_password === false && session.may('notice_list')),
    queryFn: async () => (await body(api.GET('/api/v1/notices', { params: { query: { unread: true, limit: MOST } } }))).items.length,
  });
  const timers = new Set<number>();
  useLive((message) => {
    if (message !== 'gap' && message.kind !== 'notice_put') return;
    // Soon for whatever is told at once, and again for what is told after the grace.
    if (timers.size > 1) return;
    for (const after of [500, NOTICE_SHOWN_AFTER_MS]) {
      const timer = window.setTimeout(() => {
        timers.delete(timer);
        void queries.invalidateQueries({ queryKey: ['notices-unread'] });
      }, after);
      timers.add(timer);
    }
  });
  onBeforeUnmount(() => { for (const timer of timers) clearTimeout(timer); });
  return computed(() => (query.data.value === undefined || query.data.value === 0 ? '' : query.data.value >= MOST ? `${MOST - 1}+` : String(query.data.value)));
}
