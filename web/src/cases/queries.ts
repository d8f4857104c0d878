import { useQuery, useQueryClient } from '@tanstack/vue-query';
import { computed, type Ref } from 'vue';
import { api, body, type Schemas } from '@/api/client';

export type CaseRow = Schemas['CaseListView'];

export function useCase(id: Ref<string | null>) {
  return useQuery({
    queryKey: ['case', id], enabled: computed(() => id.value !== null), staleTime: 5_000,
    queryFn: () => body(api.GET('/api/v1/cases/{id}', { params: { path: { id: id.value ?? '' } } })),
    retry: false,
  });
}

export function useCaseCounts() {
  return useQuery({ queryKey: ['case-counts'], queryFn: () => body(api.GET('/api/v1/cases/counts')) });
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
