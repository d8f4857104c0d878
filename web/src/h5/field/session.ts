import { ref } from 'vue';
import { ApiError, ask, credentials, onSignedOut } from '../api';
import { outbox } from '../outbox/outbox';
import { resume, standDown } from './duty';
import type { WhoAmI } from './types';

const KEY = 'chengyun.field.who';

/** Who works with this phone; kept, so that without network they may go on writing things down. */
export interface Who { accountId: string; staffId: string; name: string; permissions: string[]; mustChange: boolean; organisationIds: string[] }

export const who = ref<Who | null>(null);
export const isKnown = ref(false);
/** Whether the server has not been asked, because it was not reached. */
export const isRemembered = ref(false);
/** Whether the server knows the session no more. What is being written stays, and goes out once its owner has signed in again. */
export const hasEnded = ref(false);

function take(view: WhoAmI): void {
  who.value = { accountId: view.account_id, staffId: view.staff_id, name: view.staff_name, permissions: view.permissions, mustChange: view.must_change_password, organisationIds: view.memberships.map((each) => each.organisation_id) };
  credentials.csrf = view.csrf_token ?? '';
  isRemembered.value = false;
  hasEnded.value = false;
  localStorage.setItem(KEY, JSON.stringify(who.value));
  outbox.belongsTo(view.account_id);
  resume(view.account_id);
}

/** Nobody works with this phone any more: nothing is sent and no way is recorded in anybody's name. */
export function leave(): void {
  standDown();
  who.value = null;
  hasEnded.value = false;
  credentials.csrf = '';
  outbox.belongsTo('');
}

onSignedOut(() => {
  if (who.value === null) return;
  standDown();
  hasEnded.value = true;
});

function remembered(): Who | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') as Who | null;
  } catch {
    return null;
  }
}

const LEAVING = 'chengyun.field.leaving';

/** Whoever signed out where there was no network has a session still: it is ended before anything else is asked. Whether none is left. */
async function endLeft(): Promise<boolean> {
  if (localStorage.getItem(LEAVING) === null) return true;
  try {
    credentials.csrf = (await ask<WhoAmI>('GET', 'session')).csrf_token ?? '';
    await ask('DELETE', 'session');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status !== 401) return false;
  } finally {
    credentials.csrf = '';
  }
  localStorage.removeItem(LEAVING);
  return true;
}

/** Asks whose session this is. Without network it is whose it was. */
export async function recall(): Promise<void> {
  try {
    if (!(await endLeft())) {
      leave();
      return;
    }
    take(await ask<WhoAmI>('GET', 'session'));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) {
      // Whoever is in the middle of something is told, and goes on.
      if (who.value === null) leave();
    } else {
      who.value = remembered();
      isRemembered.value = who.value !== null;
      // So that what is written down now is theirs; it goes out once they are there again.
      if (who.value !== null) {
        outbox.belongsTo(who.value.accountId);
        resume(who.value.accountId);
      }
    }
  } finally {
    isKnown.value = true;
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  await endLeft();
  take(await ask<WhoAmI>('POST', 'session', { body: { login_name: login, password } }));
  localStorage.removeItem(LEAVING);
}

export async function signOut(): Promise<void> {
  let isEnded = true;
  try {
    await ask('DELETE', 'session');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    isEnded = error.status === 401;
  }
  leave();
  for (const key of Object.keys(localStorage)) if (key.startsWith('chengyun.field')) localStorage.removeItem(key);
  if (!isEnded) localStorage.setItem(LEAVING, 'yes');
}

/** Whether they work for this organisation itself, and not only above it: whoever handles stands where the work is. */
export const worksFor = (organisationId: string): boolean => who.value?.organisationIds.includes(organisationId) ?? false;

export const may = (permission: string): boolean => who.value?.permissions.includes(permission) ?? false;
