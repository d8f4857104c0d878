import { computed } from 'vue';
import { useI18n } from 'vue-i18n';
import { useSession } from '@/session';

/** The pages somebody works with, as the bar and the search offer them. */
export function useMenu() {
  const session = useSession();
  const { t } = useI18n();
  return computed(() => [
    { to: '/intake', name: t('menu.intake'), shown: session.may('report_create') && session.roles.has('intake_clerk') || session.may('report_accept') || session.may('case_self_handle') },
    { to: '/reports', name: t('menu.reports'), shown: session.may('report_list') && (session.may('report_accept') || session.may('report_callback')) },
    { to: '/cases', name: t('menu.cases'), shown: session.may('case_list') },
    { to: '/inbox', name: t('menu.inbox'), shown: session.may('task_accept') && session.may('task_list') },
    { to: '/supervise', name: t('menu.supervise'), shown: session.may('case_list') && ['case_supervise', 'extension_decide', 'suspension_decide', 'exclusion_decide', 'appeal_review', 'case_rule'].some((each) => session.may(each)) },
    { to: '/print/components', name: t('labels.title'), shown: session.may('component_update') || session.may('component_create'), isRare: true },
  ].filter((each) => each.shown && session.who?.must_change_password === false));
}
