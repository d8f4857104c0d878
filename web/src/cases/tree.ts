import type { CaseView } from './actions';

export type Task = CaseView['tasks'][number];

/** A task with what was given on from it: delegated down, or called in by whoever holds it. */
export interface TaskNode {
  task: Task;
  below: TaskNode[];
}

/** The tasks of a case as they were given on, each in the order in which they were given; one whose origin is not shown stands by itself. */
export function treeOf(tasks: readonly Task[]): TaskNode[] {
  const nodes = new Map(tasks.map((task) => [task.id, { task, below: [] as TaskNode[] }]));
  const roots: TaskNode[] = [];
  for (const node of nodes.values()) {
    const from = nodes.get(node.task.parent_task_id ?? node.task.called_by_task_id ?? '');
    (from === undefined || from === node ? roots : from.below).push(node);
  }
  return roots;
}
