import { useQuery } from '@tanstack/vue-query';
import { computed } from 'vue';
import { api, body } from '@/api/client';

/** The pages for phones, as codes to scan have them: at the address by which the public reaches the city, else at that of this page. None until that is known. */
export function usePhonePages() {
  const portal = useQuery({ queryKey: ['portal'], queryFn: () => body(api.GET('/api/v1/portal')), staleTime: Infinity });
  const origin = computed(() => (portal.data.value === undefined ? null : portal.data.value.public_address ?? location.origin));
  const page = (at: string, name: string): string | null => (origin.value === null ? null : `${origin.value}/m#/${at}/${encodeURIComponent(name)}`);
  return { origin, isError: portal.isError, ofCase: (caseNo: string) => page('c', caseNo), ofComponent: (code: string) => page('k', code) };
}
