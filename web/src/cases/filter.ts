import type { LocationQuery } from 'vue-router';
import type { operations } from '@/api/schema';
import { boxOf } from '@/map/box';

type Query = NonNullable<operations['case_list']['parameters']['query']>;

export const BOXES = ['todo', 'doing', 'done', 'overdue', 'supervised', 'suspended', 'watched'] as const;
export type Box = (typeof BOXES)[number];
export const STAGES = ['accepted', 'filed', 'handling', 'inspecting', 'closing', 'closed', 'cancelled', 'merged'] as const;
export const LEVELS = ['normal', 'urgent', 'critical'] as const;
export const LIGHTS = ['green', 'yellow', 'red'] as const;
export const MARKS = ['important', 'supervised', 'suspended', 'asked'] as const;
export const SORTS = ['newest', 'due', 'updated'] as const;

export interface CaseFilter {
  box: Box;
  stage: (typeof STAGES)[number] | null;
  level: (typeof LEVELS)[number] | null;
  light: (typeof LIGHTS)[number] | null;
  mark: (typeof MARKS)[number] | null;
  sort: (typeof SORTS)[number];
  area: string | null;
  category: string | null;
  organisation: string | null;
  source: string | null;
  q: string | null;
  /** A part of the map: west,south,east,north. */
  within: string | null;
  /** Looked for among all cases; then nothing else of the filter holds. */
  words: string | null;
}

function one<T extends string>(known: readonly T[], value: unknown): T | null {
  return known.find((each) => each === value) ?? null;
}
const free = (value: unknown): string | null => (typeof value === 'string' && value.trim() !== '' ? value.trim() : null);

/** The filter that an address says; what it does not know of is as if it were not there. */
export function filterOf(query: LocationQuery): CaseFilter {
  const box = one(BOXES, query['box']) ?? 'todo';
  return {
    box,
    stage: one(STAGES, query['stage']),
    level: one(LEVELS, query['level']),
    light: one(LIGHTS, query['light']),
    mark: one(MARKS, query['mark']),
    sort: one(SORTS, query['sort']) ?? defaultSort(box),
    area: free(query['area']),
    category: free(query['category']),
    organisation: free(query['organisation']),
    source: free(query['source']),
    q: free(query['q']),
    within: boxOf(query['within']) === null ? null : free(query['within']),
    words: free(query['words'])?.slice(0, 100) ?? null,
  };
}

/** What is most urgent first on a desk; what has ended, and what somebody watches, the newest first: ended cases have no clock. */
export function defaultSort(box: Box): CaseFilter['sort'] {
  return box === 'done' || box === 'watched' ? 'newest' : 'due';
}

/** The filter as the server takes it. */
export function queryOf(filter: CaseFilter): Query {
  const { box, stage, level, light, mark, sort, area, category, organisation, source, q, within } = filter;
  return {
    box,
    sort,
    ...(stage && { stage }), ...(level && { level }), ...(light && { light }), ...(mark && { mark }), ...(source && { source }), ...(q && { q }),
    ...(area && { area_code: area }), ...(category && { category_id: category }), ...(organisation && { organisation_id: organisation }),
    ...(within && { within }),
  };
}

const FIELDS = ['stage', 'level', 'light', 'mark', 'area', 'category', 'organisation', 'source', 'q', 'within', 'words'] as const;

export function hasFilters(filter: CaseFilter): boolean {
  return FIELDS.some((field) => filter[field] !== null);
}

export function withoutFilters(): Record<string, undefined> {
  return Object.fromEntries(FIELDS.map((field) => [field, undefined]));
}

/** What is typed into the search of the list: a number from its beginning narrows the list, anything else is looked for among all cases. */
export function searchOf(text: string): { q: string | undefined; words: string | undefined } {
  const typed = text.trim();
  const isNumber = /^\d{6}-\d{8}(-\d*)?$/.test(typed);
  return isNumber ? { q: typed, words: undefined } : { q: undefined, words: typed || undefined };
}
