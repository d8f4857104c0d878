import { useQuery, useQueryClient } from '@tanstack/vue-query';
import { computed, onBeforeUnmount, watch, type Ref } from 'vue';
import { api, body, orNull, type Schemas } from '@/api/client';

export type CaseRow = Schemas['CaseListView'];

const view = (id: string) => body(api.GET('/api/v1/cases/{id}', { params: { path: { id } } }));
const FRESH_MS = 5_000;

export function useCase(id: Ref<string | null>) {
  return useQuery({
    queryKey: ['case', id], enabled: computed(() => id.value !== null), staleTime: FRESH_MS,
    queryFn: () => view(id.value ?? ''),
    retry: false,
  });
}

export function useCaseCounts() {
  return useQuery({ queryKey: ['case-counts'], queryFn: () => body(api.GET('/api/v1/cases/counts')) });
}

/** What everybody sees of a case, asked as everybody asks; null where they see nothing. */
export function useSeenByAll(caseNo: Ref<string | null>, enabled: Ref<boolean>) {
  return useQuery({
    queryKey: ['seen-by-all', caseNo], enabled: computed(() => enabled.value && caseNo.value !== null), staleTime: FRESH_MS, retry: false,
    queryFn: () => orNull(body(api.GET('/api/v1/portal/cases/{case_no}', { params: { path: { case_no: caseNo.value ?? '' } } }))),
  });
}

/** Whatever shows this case asks anew. */
export function useCaseChanged(): (id: string) => Promise<void> {
  const queries = useQueryClient();
  return async (id) => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['case', id] }),
      queries.invalidateQueries({ queryKey: ['case-counts'] }),
      queries.invalidateQueries({ queryKey: ['task-counts'] }),
    ]);
  };
}

const REST_MS = 150;

/** Fetches what the next key will ask for, once the keys have come to rest: the cases after the one shown, and the one before it. */
export function useNeighbours(rows: Ref<readonly { id: string }[]>, shown: Ref<string | null>): void {
  const queries = useQueryClient();
  let timer = 0;
  watch(shown, () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      const at = rows.value.findIndex((row) => row.id === shown.value);
      if (at < 0) return;
      for (const row of [rows.value[at + 1], rows.value[at + 2], rows.value[at - 1]]) {
        if (row !== undefined) void queries.prefetchQuery({ queryKey: ['case', row.id], staleTime: 30_000, retry: false, queryFn: () => view(row.id) });
      }
    }, REST_MS);
  }, { immediate: true });
  onBeforeUnmount(() => clearTimeout(timer));
}
