import { ref } from 'vue';
import { ApiError, ask } from '../api';
import { may, who, worksFor } from './session';
import type { CaseRow, CaseView, TaskRow } from './types';

// What there is to do, kept in the phone so that it can be read where there is no network. Masked, as the server sends it.

const KEY = 'chengyun.field.work';
const LIST_MAX = 100;
/** Cases whose details are fetched ahead. */
const AHEAD_MAX = 30;

/** One thing to do. */
export interface Job { caseId: string; caseNo: string; kind: string; title: string; dueAt: string | null; area: string }

interface Kept { owner: string; at: number; jobs: Job[]; cases: Record<string, CaseView> }

export const jobs = ref<Job[]>([]);
export const cases = ref<Record<string, CaseView>>({});
export const readAt = ref(0);
export const hasFailed = ref(false);
export const isReading = ref(false);

function keep(): void {
  const kept: Kept = { owner: who.value?.accountId ?? '', at: readAt.value, jobs: jobs.value, cases: cases.value };
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Too much for this phone: then it is read again.
  }
}

/** What was there last time, of whoever works with this phone. */
export function remember(): void {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Kept | null;
    if (kept === null || kept.owner !== who.value?.accountId) return;
    jobs.value = kept.jobs;
    cases.value = kept.cases;
    readAt.value = kept.at;
  } catch {
    // What cannot be read is as if it had never been there.
  }
}

const ofTask = (task: TaskRow): Job | null => (task.case_id === null || task.case_id === undefined ? null : {
  caseId: task.case_id, caseNo: task.case_no ?? '', kind: task.kind, title: task.title ?? task.case_no ?? '', area: task.area?.name ?? '',
  dueAt: task.state === 'assigned' ? (task.response?.due_at ?? task.handling.due_at) : task.handling.due_at,
});
const ofCase = (row: CaseRow): Job => ({ caseId: row.id, caseNo: row.case_no, kind: 'inspect', title: row.title ?? row.case_no, dueAt: row.clock?.due_at ?? null, area: row.area?.name ?? '' });

/** Reads one case. Errors: the server's. */
export async function readCase(id: string): Promise<CaseView> {
  const found = await ask<CaseView>('GET', `cases/${id}`);
  cases.value = { ...cases.value, [id]: found };
  keep();
  return found;
}

/** Reads what there is to do. */
export async function readWork(): Promise<void> {
  if (isReading.value) return;
  isReading.value = true;
  hasFailed.value = false;
  try {
    const found = new Map<string, Job>();
    if (may('task_list')) {
      const { items } = await ask<{ items: TaskRow[] }>('GET', `tasks?box=todo&sort=due&limit=${LIST_MAX}`);
      const more = await ask<{ items: TaskRow[] }>('GET', `tasks?box=doing&sort=due&limit=${LIST_MAX}`);
      for (const task of [...items, ...more.items]) {
        const job = ofTask(task);
        if (job !== null && (task.kind !== 'handle' || worksFor(task.organisation.id))) found.set(`${job.caseId} ${job.kind}`, job);
      }
    }
    if (may('case_list') && may('case_inspect_result')) {
      const { items } = await ask<{ items: CaseRow[] }>('GET', `cases?box=todo&stage=inspecting&sort=due&limit=${LIST_MAX}`);
      for (const row of items) found.set(`${row.id} inspect`, ofCase(row));
    }
    jobs.value = [...found.values()].sort((a, b) => (a.dueAt ?? '9').localeCompare(b.dueAt ?? '9'));
    readAt.value = Date.now();
    const wanted = new Set(jobs.value.map((job) => job.caseId));
    cases.value = Object.fromEntries(Object.entries(cases.value).filter(([id]) => wanted.has(id)));
    keep();
    for (const id of [...wanted].slice(0, AHEAD_MAX)) if (cases.value[id] === undefined) await readCase(id);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    hasFailed.value = true;
  } finally {
    isReading.value = false;
  }
}
