import type { CaseRow } from '@/cases/queries';

/** Who is late with what. */
export interface Late {
  /** Of an organisation; empty for cases that nobody leads yet. */
  id: string;
  name: string;
  count: number;
  /** The longest that one of its cases is overdue, in milliseconds. */
  worst: number;
  total: number;
}

/** Overdue cases by who leads them, whoever has most of them first. */
export function byOrganisation(rows: readonly CaseRow[], now: number): Late[] {
  const all = new Map<string, Late>();
  for (const row of rows) {
    if (!row.clock) continue;
    const late = now - Date.parse(row.clock.due_at);
    if (late <= 0) continue;
    const id = row.lead_organisation?.id ?? '';
    const each = all.get(id) ?? { id, name: row.lead_organisation?.name ?? '', count: 0, worst: 0, total: 0 };
    all.set(id, { ...each, count: each.count + 1, worst: Math.max(each.worst, late), total: each.total + late });
  }
  return [...all.values()].sort((a, b) => b.count - a.count || b.worst - a.worst);
}
