import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router';
import { useSession } from '@/session';

declare module 'vue-router' {
  interface RouteMeta {
    /** The permission without which the page makes no sense. */
    needs?: string;
    /** For people who are not signed in. */
    isPublic?: boolean;
    title?: string;
    /** Without the bar above: what is printed. */
    isBare?: boolean;
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    // Where one's work begins is known once it is known who one is: the guard below leads on from here.
    { path: '/', component: () => import('@/shell/NotFound.vue') },
    { path: '/sign-in', component: () => import('@/shell/SignIn.vue'), meta: { isPublic: true, title: 'signIn.title' } },
    { path: '/cases', component: () => import('@/cases/CasesPage.vue'), meta: { needs: 'case_list', title: 'menu.cases' } },
    { path: '/cases/:id', component: () => import('@/cases/CasePage.vue'), meta: { needs: 'case_view', title: 'menu.cases' } },
    { path: '/inbox', component: () => import('@/inbox/InboxPage.vue'), meta: { needs: 'task_list', title: 'menu.inbox' } },
    { path: '/intake', component: () => import('@/intake/IntakePage.vue'), meta: { needs: 'report_create', title: 'menu.intake' } },
    { path: '/reports', component: () => import('@/reports/ReportsPage.vue'), meta: { needs: 'report_list', title: 'menu.reports' } },
    { path: '/reports/:id', component: () => import('@/reports/ReportPage.vue'), meta: { needs: 'report_view', title: 'menu.reports' } },
    { path: '/supervise', component: () => import('@/supervise/SupervisePage.vue'), meta: { needs: 'case_list', title: 'menu.supervise' } },
    { path: '/notices', component: () => import('@/shell/NoticesPage.vue'), meta: { needs: 'notice_list', title: 'menu.notices' } },
    { path: '/print/filing/:id', component: () => import('@/print/PrintPage.vue'), props: { sheet: 'filing' }, meta: { needs: 'case_view', title: 'print.filing', isBare: true } },
    { path: '/print/dispatch/:id', component: () => import('@/print/PrintPage.vue'), props: { sheet: 'dispatch' }, meta: { needs: 'case_view', title: 'print.dispatch', isBare: true } },
    { path: '/print/inspection/:id', component: () => import('@/print/PrintPage.vue'), props: { sheet: 'inspection' }, meta: { needs: 'case_view', title: 'print.inspection', isBare: true } },
    { path: '/print/supervision/:id', component: () => import('@/print/PrintPage.vue'), props: { sheet: 'supervision' }, meta: { needs: 'case_view', title: 'print.supervision', isBare: true } },
    { path: '/print/components', component: () => import('@/print/LabelsPage.vue'), meta: { needs: 'component_view', title: 'labels.title', isBare: true } },
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
    return { path: '/sign-in', query: to.path === '/' ? {} : { to: to.fullPath } };
  }
  if (to.path === '/') return session.home;
  return true;
});
