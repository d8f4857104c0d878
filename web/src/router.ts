import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router';
import { useSession } from '@/session';

declare module 'vue-router' {
  interface RouteMeta {
    /** The permission without which the page makes no sense. */
    needs?: string;
    /** For people who are not signed in. */
    isPublic?: boolean;
    title?: string;
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: () => useSession().home },
    { path: '/sign-in', component: () => import('@/shell/SignIn.vue'), meta: { isPublic: true, title: 'signIn.title' } },
    { path: '/cases', component: () => import('@/cases/CasesPage.vue'), meta: { needs: 'case_list', title: 'menu.cases' } },
    { path: '/cases/:id', component: () => import('@/cases/CasePage.vue'), meta: { needs: 'case_view', title: 'menu.cases' } },
    { path: '/inbox', component: () => import('@/inbox/InboxPage.vue'), meta: { needs: 'task_list', title: 'menu.inbox' } },
    { path: '/intake', component: () => import('@/intake/IntakePage.vue'), meta: { needs: 'report_create', title: 'menu.intake' } },
    { path: '/account', component: () => import('@/shell/AccountPage.vue'), meta: { title: 'account.title' } },
    { path: '/:rest(.*)*', component: () => import('@/shell/NotFound.vue'), meta: { isPublic: true } },
  ],
});

/** The way back after signing in: only to a page of ours. */
export function wayBack(route: RouteLocationNormalized): string {
  const to = route.query['to'];
  return typeof to === 'string' && to.startsWith('/') && !to.startsWith('//') ? to : '/';
}

router.beforeEach(async (to) => {
  const session = useSession();
  try {
    await session.recall();
  } catch {
    // The server was not reached. The page says so and offers to try again; whatever it asks will say the same.
    return true;
  }
  if (to.path === '/sign-in') return session.who === null ? true : wayBack(to);
  if (to.meta.isPublic === true) return true;
  if (session.who === null) {
    return { path: '/sign-in', query: to.fullPath === '/' ? {} : { to: to.fullPath } };
  }
  return true;
});
