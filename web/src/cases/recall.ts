import { AppError, command, idempotencyKey } from '@/api/client';
import { i18n } from '@/i18n';
import { offerUndo } from '@/shared/undo';

/** Offers for a moment to take dispatches back. The law refuses it once somebody has acted on one. */
export function offerRecall(dispatched: readonly { id: string; case_no: string }[], changed: (id: string) => Promise<void>): void {
  const { t } = i18n.global;
  if (dispatched.length === 0) return;
  // One key each, so that pressing twice takes back once.
  const keys = new Map(dispatched.map((each) => [each.id, idempotencyKey()]));
  offerUndo({
    text: dispatched.length === 1 ? t('undo.dispatched', { no: dispatched[0]?.case_no ?? '' }) : t('undo.dispatchedMany', { n: dispatched.length }),
    act: async () => {
      const refused: string[] = [];
      await Promise.all(dispatched.map(async ({ id, case_no }) => {
        try {
          await command('/api/v1/cases/{id}/recall', id, { reason: t('undo.reason') }, null, keys.get(id) ?? '');
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          refused.push(`${case_no} ${error.title}`);
        }
        await changed(id);
      }));
      const done = dispatched.length - refused.length;
      return {
        text: refused.length === 0 ? t('undo.done', { n: done }) : t('undo.partly', { n: done, refused: refused.join('；') }),
        isWhole: refused.length === 0,
      };
    },
  });
}
