import { computed } from 'vue';
import { useI18n } from 'vue-i18n';
import { useSession } from '@/session';

/** The pages somebody works with, as the bar and the search offer them. */
export function useMenu() {
  const session = useSession();
  const { t } = useI18n();
  return computed(() => [
    { to: '/intake', name: t('menu.intake'), shown: session.may('report_create') && session.roles.has('intake_clerk') || session.may('report_accept') },
    { to: '/cases', name: t('menu.cases'), shown: session.may('case_list') },
    { to: '/inbox', name: t('menu.inbox'), shown: session.may('task_accept') && session.may('task_list') },
  ].filter((each) => each.shown && session.who?.must_change_password === false));
}
