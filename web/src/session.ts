import { useQueryClient } from '@tanstack/vue-query';
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { api, AppError, body, credentials, type Schemas } from '@/api/client';

export type WhoAmI = Schemas['WhoAmIView'];

/** Who is signed in here, and what they may do. */
export const useSession = defineStore('session', () => {
  const who = ref<WhoAmI | null>(null);
  const isKnown = ref(false);
  const hasEnded = ref(false);
  const queries = useQueryClient();

  function take(view: WhoAmI | null): void {
    // Somebody else's data are not to be seen by whoever signs in next.
    if (view?.account_id !== who.value?.account_id) queries.clear();
    who.value = view;
    credentials.csrf = view?.csrf_token ?? '';
    isKnown.value = true;
  }

  /** Asks the server once who the browser's session belongs to. */
  async function recall(): Promise<void> {
    if (isKnown.value) return;
    try {
      take(await body(api.GET('/api/v1/session')));
    } catch (error) {
      if (error instanceof AppError && error.status === 401) take(null);
      else throw error;
    }
  }

  async function signIn(loginName: string, password: string): Promise<void> {
    take(await body(api.POST('/api/v1/session', { body: { login_name: loginName, password } })));
    hasEnded.value = false;
  }

  async function signOut(): Promise<void> {
    try {
      await api.DELETE('/api/v1/session');
    } finally {
      take(null);
    }
  }

  async function changePassword(current: string, fresh: string): Promise<void> {
    await api.POST('/api/v1/password', { body: { current_password: current, new_password: fresh } });
    // Only now is everything permitted that the positions allow.
    take(await body(api.GET('/api/v1/session')));
  }

  credentials.ended = () => {
    if (who.value !== null) {
      hasEnded.value = true;
      take(null);
    }
  };

  const may = (permission: string): boolean => who.value?.permissions.includes(permission) ?? false;
  const roles = computed(() => new Set(who.value?.memberships.map((each) => each.role)));

  /** Where this person's work begins. */
  const home = computed(() => {
    if (roles.value.has('intake_clerk') && may('report_create')) return '/intake';
    if (roles.value.has('shift_leader') || roles.value.has('dispatcher') || roles.value.has('inspector')) return may('case_list') ? '/cases?box=todo' : '/account';
    if (roles.value.has('leader') && may('case_supervise')) return '/supervise';
    if (may('task_accept') && may('task_list')) return '/inbox';
    return may('case_list') ? '/cases' : '/account';
  });

  return { who, isKnown, hasEnded, recall, signIn, signOut, changePassword, may, roles, home };
});
