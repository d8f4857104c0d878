import { useQuery } from '@tanstack/vue-query';
import { computed, ref, watch, type Ref } from 'vue';
import { api, body, type Schemas } from '@/api/client';

export type Hit = Schemas['HitView'];
export type Alike = Schemas['AlikeView'];

/** A value once it has been left alone for a while. */
export function useSettled<T>(value: () => T, ms: number): Ref<T> {
  const settled = ref(value()) as Ref<T>;
  let timer = 0;
  watch(value, (now) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => { settled.value = now; }, ms);
  });
  return settled;
}

/** What a phone number looks like; those are looked up whole, and never in an address, because addresses are logged. */
export function phoneOf(text: string): string | null {
  const bare = text.replace(/[\s-]/g, '');
  return /^(\+?86)?1[3-9]\d{9}$/.test(bare) ? bare : null;
}

export interface Found {
  cases: Hit[];
  reports: Schemas['ReportListView'][];
  isComplete: boolean;
}

const CASES = 8;
const REPORTS = 4;

/** What is found for a text: cases, and reports for who may see those. */
export function useFound(text: Ref<string>, mayReports: Ref<boolean>, isOpen: Ref<boolean>) {
  return useQuery({
    queryKey: ['found', text, mayReports], enabled: computed(() => isOpen.value && text.value !== ''), staleTime: 5_000, retry: false,
    queryFn: async ({ signal }): Promise<Found> => {
      const phone = phoneOf(text.value);
      if (phone !== null) {
        if (!mayReports.value) return { cases: [], reports: [], isComplete: true };
        const page = await body(api.POST('/api/v1/reports/search', { body: { phone }, signal }));
        return { cases: [], reports: page.items.slice(0, CASES), isComplete: true };
      }
      const ask = (kind: 'case' | 'report', limit: number) => body(api.GET('/api/v1/search', { params: { query: { q: text.value, kind, limit } }, signal }));
      const [cases, reports] = await Promise.all([ask('case', CASES), mayReports.value ? ask('report', REPORTS) : null]);
      return { cases: cases.items, reports: (reports?.items ?? []).flatMap((hit) => hit.report ?? []), isComplete: cases.is_complete };
    },
  });
}

/** Open cases that may be about what is being typed. */
export function useAlike(typed: Ref<Schemas['CaseSimilarRequest'] | null>) {
  return useQuery({
    queryKey: ['alike', typed], enabled: computed(() => typed.value !== null), staleTime: 10_000, retry: false,
    queryFn: ({ signal }) => body(api.POST('/api/v1/cases/similar', { body: typed.value ?? {}, signal })),
    // What was offered stays until the next answer: a list that comes and goes cannot be used by keyboard.
    placeholderData: (before) => (typed.value === null ? undefined : before),
  });
}
