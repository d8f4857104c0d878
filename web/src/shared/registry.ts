import { useQuery } from '@tanstack/vue-query';
import { computed, type Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { api, body, type Schemas } from '@/api/client';
import { useSession } from '@/session';

// What hardly ever changes: asked for once and kept while the page is open.
const STAYS = { staleTime: Infinity, gcTime: Infinity } as const;
const PAGE = 200;
const PAGES_MAX = 50;

async function all<T>(page: (after: string | undefined) => Promise<{ items: T[]; next?: string | null | undefined }>): Promise<T[]> {
  const items: T[] = [];
  let after: string | undefined;
  for (let n = 0; n < PAGES_MAX; n += 1) {
    const answer = await page(after);
    items.push(...answer.items);
    if (!answer.next) break;
    after = answer.next;
  }
  return items;
}

export function useOrganisations(enabled: Ref<boolean>) {
  return useQuery({
    ...STAYS, enabled, queryKey: ['organisations'],
    queryFn: () => all((after) => body(api.GET('/api/v1/organisations', { params: { query: { limit: PAGE, ...(after ? { after } : {}) } } }))),
  });
}

/** Everybody who works where one may look. */
export function useStaff(enabled: Ref<boolean>) {
  return useQuery({
    ...STAYS, enabled, queryKey: ['staff'],
    queryFn: () => all((after) => body(api.GET('/api/v1/staff', { params: { query: { limit: PAGE, ...(after ? { after } : {}) } } }))),
  });
}

export function useSources(enabled: Ref<boolean>) {
  return useQuery({
    ...STAYS, enabled, queryKey: ['sources'],
    queryFn: async () => (await body(api.GET('/api/v1/sources'))).items,
  });
}

/** The sources, and what each is called in the language of the page; its code until that is known. */
export function useSourceNames() {
  const session = useSession();
  const { locale } = useI18n();
  const sources = useSources(computed(() => session.may('source_list')));
  const sourceName = (code: string): string => {
    const source = sources.data.value?.find((each) => each.code === code);
    return source === undefined ? code : locale.value === 'en' ? source.name_en : source.name_zh;
  };
  return { sources, sourceName };
}

export interface CategoryKnown {
  id: string;
  name: string;
  className: string;
  kind: string;
}

export function useCategories(enabled: Ref<boolean>) {
  return useQuery({
    ...STAYS, enabled, queryKey: ['categories'],
    queryFn: async (): Promise<CategoryKnown[]> => {
      const standards = (await body(api.GET('/api/v1/standards', { params: { query: { limit: PAGE } } }))).items;
      const known = await Promise.all(standards.filter((each) => !each.effective_to).map((standard) => all((after) => body(
        api.GET('/api/v1/standards/{id}/categories', { params: { path: { id: standard.id }, query: { limit: PAGE, ...(after ? { after } : {}) } } }),
      ))));
      return known.flatMap((categories) => {
        const names = new Map(categories.map((each) => [each.id, each.name]));
        return categories.filter((each) => each.parent_id).map((each) => ({
          id: each.id, name: each.name, className: names.get(each.parent_id ?? '') ?? '', kind: each.kind,
        }));
      });
    },
  });
}

/** The district and its streets, for filters. */
export function useStreets(enabled: Ref<boolean>) {
  return useQuery({
    ...STAYS, enabled, queryKey: ['streets'],
    queryFn: async () => {
      const streets: Schemas['AreaView'][] = [];
      let above = (await body(api.GET('/api/v1/areas', { params: { query: { limit: PAGE } } }))).items;
      for (let level = 0; level < 3 && above.length > 0; level += 1) {
        const below = (await Promise.all(above.filter((each) => each.has_children).map((each) => all((after) => body(
          api.GET('/api/v1/areas', { params: { query: { parent_id: each.id, limit: PAGE, ...(after ? { after } : {}) } } }),
        ))))).flat();
        if (below.some((each) => each.level === 'street')) return [...streets, ...below];
        above = below;
      }
      return streets;
    },
  });
}

export function useRules(categoryId: Ref<string | null>) {
  return useQuery({
    ...STAYS, enabled: computed(() => categoryId.value !== null), queryKey: ['rules', categoryId],
    queryFn: async () => (await body(api.GET('/api/v1/categories/{id}', { params: { path: { id: categoryId.value ?? '' } } }))).rule_rows,
  });
}
