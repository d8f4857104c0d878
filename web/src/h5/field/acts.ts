/** What is done in the field, and what each asks for. Which of them may be done is the server's word alone (`actions` of a case). */

export type Asked = 'result' | 'reason' | 'opinion' | 'note' | 'limit' | 'organisation' | 'passed' | 'truth' | 'reached' | 'failed';

export interface Act {
  path: (caseId: string, taskId: string) => string;
  asks: readonly Asked[];
  photos?: boolean;
  /** From the same angle as before. */
  sameAngle?: boolean;
  isMain?: boolean;
}

const ofTask = (step: string) => (_: string, taskId: string): string => `tasks/${taskId}/${step}`;
const ofCase = (step: string) => (caseId: string): string => `cases/${caseId}/${step}`;

export const ACTS: Readonly<Record<string, Act>> = {
  task_accept: { path: ofTask('accept'), asks: [], isMain: true },
  task_contact: { path: ofTask('contact'), asks: ['reached', 'note'] },
  task_finish: { path: ofTask('finish'), asks: ['result'], photos: true, sameAngle: true, isMain: true },
  task_return: { path: ofTask('return'), asks: ['reason'], photos: true },
  task_delegate: { path: ofTask('delegate'), asks: ['organisation'] },
  extension_request: { path: ofTask('extension'), asks: ['limit', 'reason'] },
  case_verify_result: { path: ofCase('verify-result'), asks: ['truth', 'opinion'], photos: true, isMain: true },
  case_inspect_result: { path: ofCase('inspect-result'), asks: ['passed', 'failed', 'opinion'], photos: true, sameAngle: true, isMain: true },
};
