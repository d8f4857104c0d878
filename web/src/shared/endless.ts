import { useInfiniteQuery, useQueryClient, type InfiniteData } from '@tanstack/vue-query';
import { computed, onBeforeUnmount, ref, type ComputedRef } from 'vue';
import { AppError } from '@/api/client';
import { useLive, type LiveMessage } from '@/live';

export interface Page<Row> {
  items: Row[];
  next?: string | null;
}

const QUIET_MS = 400;

/** A list by cursor that grows as it is read, and hears of changes: what is shown is changed where it stands, what is new waits until it is asked for. */
export function useEndless<Row extends { id: string }>(options: {
  key: ComputedRef<readonly unknown[]>;
  page: (after: string | undefined) => Promise<Page<Row>>;
  /** The row as it is now; `null` when it is not to be had any more. */
  one: (id: string) => Promise<Row | null>;
  /** The row that a message is about. */
  about: (message: LiveMessage, rows: readonly Row[]) => string[];
}) {
  const queries = useQueryClient();
  const query = useInfiniteQuery({
    queryKey: options.key,
    queryFn: ({ pageParam }) => options.page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page<Row>) => last.next ?? undefined,
    staleTime: 60_000,
  });
  const rows = computed<Row[]>(() => {
    const seen = new Set<string>();
    return (query.data.value?.pages ?? []).flatMap((page) => page.items).filter((row) => !seen.has(row.id) && seen.add(row.id));
  });
  const fresh = ref(0);
  const flashed = ref(new Set<string>());
  const changed = new Set<string>();
  let timer = 0;

  function patch(id: string, row: Row): void {
    queries.setQueryData<InfiniteData<Page<Row>, string | undefined>>(options.key.value, (data) => data && {
      ...data,
      pages: data.pages.map((page) => ({ ...page, items: page.items.map((each) => (each.id === id ? row : each)) })),
    });
  }

  async function catchUp(): Promise<void> {
    const ids = [...changed];
    changed.clear();
    const flashing = new Set<string>();
    for (const id of ids) {
      try {
        const row = await options.one(id);
        if (row !== null) {
          patch(id, row);
          flashing.add(id);
        }
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
    }
    flashed.value = flashing;
    try {
      const known = new Set(rows.value.map((row) => row.id));
      const first = await options.page(undefined);
      fresh.value = first.items.filter((row) => !known.has(row.id)).length;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }

  useLive((message) => {
    if (message !== 'gap') for (const id of options.about(message, rows.value)) changed.add(id);
    clearTimeout(timer);
    timer = window.setTimeout(() => void catchUp(), QUIET_MS);
  });
  onBeforeUnmount(() => clearTimeout(timer));

  async function refresh(): Promise<void> {
    fresh.value = 0;
    await queries.resetQueries({ queryKey: options.key.value });
  }

  return { query, rows, fresh, flashed, refresh };
}
