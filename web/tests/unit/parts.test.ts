import { describe, expect, it } from 'vitest';
import { bodyOf, missing, offers, SPECS, type CaseView, type Offer } from '@/cases/actions';
import { filterOf, hasFilters, queryOf, searchOf } from '@/cases/filter';
import { blank, handledOf, keepDraft, outcomesOf, recallDraft, reportOf, titleOf, wrongOf } from '@/intake/draft';
import { treeOf, type Task, type TaskNode } from '@/cases/tree';
import { i18n, speak, word } from '@/i18n';
import en from '@/i18n/en';
import zh from '@/i18n/zh-CN';
import { bodyOfSheet } from '@/print/sheets';
import { bodyOfReport, missingOfReport, pathOfReport, REPORT_SPECS, type ReportView } from '@/reports/actions';
import { byOrganisation } from '@/supervise/overdue';
import { arrivedAt, boxCount, dateTime, duration, lightOf } from '@/shared/format';
import { isTyping, nameOf } from '@/shared/hotkeys';
import { partsOf } from '@/shared/ui/marked';
import { phoneOf } from '@/search/queries';
import { noteCase, recentCases } from '@/search/recent';

describe('a lamp', () => {
  const clock = { yellow_at: '2026-11-21T10:45:00+08:00', due_at: '2026-11-21T11:00:00+08:00' };
  it.each([
    ['2026-11-21T10:44:59+08:00', 'green'],
    ['2026-11-21T10:45:00+08:00', 'yellow'],
    ['2026-11-21T11:00:00+08:00', 'yellow'],
    ['2026-11-21T11:00:01+08:00', 'red'],
  ])('at %s is %s', (now, light) => {
    expect(lightOf(clock, Date.parse(now))).toBe(light);
  });
  it('counts in hours below a day and in days above', () => {
    expect(duration(6_130_000)).toBe('1:42:10');
    expect(duration(-59_000)).toBe('0:00:59');
    expect(duration((2 * 24 + 11) * 3_600_000 + 5)).toBe('2天11时');
  });
});

it('what was done without network shows when it arrived, and nothing else does', () => {
  const entry = { occurred_at: '2026-11-21T10:00:00+08:00', recorded_at: '2026-11-21T13:05:00+08:00', by: {} };
  expect(arrivedAt(entry)).toBe('11-21 13:05');
  expect(arrivedAt({ ...entry, recorded_at: '2026-11-21T10:01:00+08:00' })).toBe('');
  // What the platform finds out later was done by nobody offline.
  expect(arrivedAt({ ...entry, by: null })).toBe('');
});

describe('words', () => {
  it('show times as the city writes them, whatever the zone of the desk', () => {
    expect(dateTime('2026-11-21T14:27:16.307281+08:00')).toBe('2026-11-21 14:27');
    expect(dateTime(null)).toBe('');
    expect(boxCount(999)).toBe('999');
    expect(boxCount(1000)).toBe('999+');
  });
  it('fall back to the code that the server knows and we do not', async () => {
    expect(word('event', 'case_filed')).toBe('立案');
    expect(word('event', 'case_teleported')).toBe('case_teleported');
    await speak('en');
    expect(word('event', 'case_filed')).toBe('Filed');
    await speak('zh-CN');
  });
  it('are never missing where a page asks for one', () => {
    const asked = new Set<string>();
    const pages = import.meta.glob('../../src/**/*.{vue,ts}', { query: '?raw', import: 'default', eager: true }) as Record<string, string>;
    for (const text of Object.values(pages)) {
      for (const [, key] of text.matchAll(/\bt\('([\w.]+)'/g)) if (key !== undefined) asked.add(key);
    }
    expect(asked.size).toBeGreaterThan(100);
    expect([...asked].filter((key) => !i18n.global.te(key, 'zh-CN'))).toEqual([]);
    expect(Object.keys(zh.command).sort()).toEqual([...Object.keys(SPECS), ...Object.keys(REPORT_SPECS)].sort());
    expect(Object.keys(en.command).sort()).toEqual(Object.keys(zh.command).sort());
  });
});

describe('the filter', () => {
  it('is the address, and what the address says wrongly is left out', () => {
    const filter = filterOf({ box: 'doing', stage: 'handling', level: 'very', area: '310118001', q: ' 310118-20261121 ' });
    expect(queryOf(filter)).toEqual({ box: 'doing', sort: 'due', stage: 'handling', area_code: '310118001', q: '310118-20261121' });
    expect(hasFilters(filter)).toBe(true);
    expect(hasFilters(filterOf({ box: 'nonsense' }))).toBe(false);
    expect(queryOf(filterOf({ box: 'done' }))).toEqual({ box: 'done', sort: 'newest' });
  });
});

describe('an action', () => {
  const task = { id: '7', organisation: { id: '1', name: '区水务局' } };
  const view = {
    id: '5', overlays: { important: true }, rule: { id: '9' }, tasks: [task],
    actions: [
      { operation: 'case_urge', name: '催办', task_id: null, blocked_by: null },
      { operation: 'task_finish', name: '处置反馈', task_id: '7', blocked_by: null },
      { operation: 'case_invented_later', name: '?', task_id: null, blocked_by: null },
    ],
  } as unknown as CaseView;
  // oxlint-disable-next-line unicorn/consistent-function-scoping
  const offer = (operation: string): Offer => ({ id: operation, action: { operation, name: '' }, spec: SPECS[operation] as Offer['spec'], task: null });

  it('is offered when there is a form for it, steps first', () => {
    const { steps, others } = offers(view);
    expect(steps.map((each) => [each.action.operation, each.task?.organisation.name])).toEqual([['task_finish', '区水务局']]);
    expect(others.map((each) => each.action.operation)).toEqual(['case_urge']);
  });
  it('says what is missing', () => {
    expect([...missing(offer('task_finish'), { result: '  ' }, 0)]).toEqual(['result']);
    expect([...missing(offer('case_file'), {}, 2)]).toEqual(['rule_row_id']);
    expect([...missing(offer('case_file'), {}, 0)]).toEqual([]);
    expect([...missing(offer('case_inspect_result'), { passed: true }, 0)]).toEqual([]);
    expect([...missing(offer('case_inspect_result'), { passed: false }, 0)].sort()).toEqual(['failed_task_ids', 'opinion']);
  });
  it('sends what was filled in and nothing else', () => {
    expect(bodyOf(offer('case_close'), { opinion: ' 同意 ' }, view)).toEqual({ opinion: '同意', rule_row_id: '9' });
    expect(bodyOf(offer('case_mark'), {}, view)).toEqual({ important: false });
    expect(bodyOf(offer('case_inspect_result'), { passed: true, failed_task_ids: ['7'], opinion: '' }, view)).toEqual({ passed: true });
    expect(bodyOf(offer('suspension_request'), { until: '2026-12-01T09:00', reason: '等停电' }, view)).toEqual({ until: '2026-12-01T09:00:00+08:00', reason: '等停电' });
  });
});

const task = (id: string, from: Partial<Task> = {}): Task => ({ id, ...from }) as Task;
const shape = (nodes: TaskNode[]): unknown[] => nodes.map((node) => (node.below.length === 0 ? node.task.id : [node.task.id, ...shape(node.below)]));
const may = (...permissions: string[]) => outcomesOf((each) => permissions.includes(each));

describe('the tasks of a case', () => {
  it('stand below those they were given on from, however deep', () => {
    const tasks = [task('lead'), task('co'), task('child', { parent_task_id: 'lead' }), task('called', { called_by_task_id: 'child' }), task('grandchild', { parent_task_id: 'child' })];
    expect(shape(treeOf(tasks))).toEqual([['lead', ['child', 'called', 'grandchild']], 'co']);
  });
  it('stand by themselves where that one is not shown', () => {
    expect(shape(treeOf([task('a', { parent_task_id: 'hidden' }), task('b', { parent_task_id: 'b' })]))).toEqual(['a', 'b']);
    expect(treeOf([])).toEqual([]);
  });
});

describe('a draft', () => {
  it('is titled by its first sentence', () => {
    expect(titleOf('市民来电反映：盈港路418号井盖没了，很危险。请尽快处理')).toBe('盈港路418号井盖没了，很危险');
    expect(titleOf('  ')).toBe('');
    expect([...titleOf('路'.repeat(90))].length).toBe(40);
  });
  it('needs a place and a category only when a case is opened', () => {
    const draft = { ...blank(), text: '积水' };
    expect([...wrongOf(draft)].sort()).toEqual(['category', 'place']);
    expect([...wrongOf({ ...draft, outcome: 'pool' })]).toEqual([]);
    expect([...wrongOf({ ...draft, outcome: 'pool', lon: '121.1', lat: '' })]).toEqual(['pair']);
  });
  it('says what must be written for what becomes of it', () => {
    const draft = { ...blank(), text: '积水', categoryId: '7', areaCode: '310118001' };
    expect([...wrongOf({ ...draft, outcome: 'answer' })]).toEqual(['answer']);
    expect([...wrongOf({ ...draft, outcome: 'handled' }, false, 2)].sort()).toEqual(['result', 'rule']);
    expect([...wrongOf({ ...draft, outcome: 'handled', result: '已排' }, false, 0)]).toEqual([]);
    // What joins a case needs none of it.
    expect([...wrongOf({ ...blank(), text: '积水', outcome: 'answer' }, true)]).toEqual([]);
  });
  it('is sent as what becomes of it, and nothing more', () => {
    const draft = { ...blank(), text: '路口积水。请来', categoryId: '7', lon: '121.1', lat: '31.1', phone: '13800000000', answer: '不送', result: '不送' };
    expect(reportOf(draft, ['5'], false)).toEqual({
      source: 'hotline', title: '路口积水', detail: '路口积水。请来', level: 'normal', attachment_ids: ['5'], place: { lon: 121.1, lat: 31.1, coordinate_system: 'gcj02' },
      reporter: { phone: '13800000000', hidden: false }, open_case: { category_id: '7' },
    });
    for (const outcome of ['answer', 'pool'] as const) expect(reportOf({ ...draft, outcome }, [], false)).not.toHaveProperty('open_case');
    expect(reportOf(draft, [], true)).not.toHaveProperty('open_case');
    expect(handledOf({ ...draft, outcome: 'handled', source: 'inspector', result: ' 已排 ', ruleId: '9' }, ['5'], ['6'])).toEqual({
      source: 'inspector', title: '路口积水', detail: '路口积水。请来', place: { lon: 121.1, lat: 31.1, coordinate_system: 'gcj02' }, category_id: '7', rule_row_id: '9', result: '已排',
      found_attachment_ids: ['5'], attachment_ids: ['6'],
    });
  });
  it('offers what somebody may do, the usual first', () => {
    expect(may('report_create', 'report_accept', 'report_answer')).toEqual(['open', 'answer', 'pool']);
    expect(may('report_create', 'case_self_handle')).toEqual(['pool', 'handled']);
  });
  it('is kept for its own account', () => {
    keepDraft('1', { ...blank(), text: '积水' });
    expect(recallDraft('1').text).toBe('积水');
    expect(recallDraft('2').text).toBe('');
    keepDraft('1', null);
    expect(recallDraft('1').text).toBe('');
  });
});

const pressed = (init: KeyboardEventInit, target: EventTarget = document.body): KeyboardEvent => {
  const event = new KeyboardEvent('keydown', init);
  Object.defineProperty(event, 'target', { value: target });
  return event;
};

describe('keys', () => {
  it('have one name each', () => {
    expect(nameOf(pressed({ key: 'j' }))).toBe('J');
    expect(nameOf(pressed({ key: 'U', shiftKey: true }))).toBe('Shift+U');
    expect(nameOf(pressed({ key: '?', shiftKey: true }))).toBe('?');
  });
  it('are nobody’s while something is typed or composed', () => {
    expect(isTyping(pressed({ key: 'j' }))).toBe(false);
    expect(isTyping(pressed({ key: 'j' }, document.createElement('input')))).toBe(true);
    expect(isTyping(pressed({ key: 'j', isComposing: true }))).toBe(true);
  });
});

describe('searching', () => {
  it('marks characters, also those that JavaScript counts twice', () => {
    const parts = partsOf('𠮷野家井盖', [{ from: 0, to: 1 }, { from: 3, to: 9 }]);
    expect(parts.map((part) => `${part.isMarked ? '+' : '-'}${part.text}`)).toEqual(['+𠮷', '-野家', '+井盖']);
    expect(partsOf('', [])).toEqual([]);
  });
  it('tells a number of a case from words, and a phone from a number', () => {
    expect(searchOf(' 310118-20261121 ')).toEqual({ q: '310118-20261121', words: undefined });
    expect(searchOf('00042')).toEqual({ q: undefined, words: '00042' });
    expect(searchOf(' ')).toEqual({ q: undefined, words: undefined });
    expect(phoneOf('+86 138-0013 8000')).not.toBeNull();
    expect(phoneOf('310118')).toBeNull();
  });
  it('remembers the last eight cases opened, of each account apart', () => {
    for (let n = 0; n < 10; n += 1) noteCase('a', { id: `${n}`, no: `no ${n}` });
    noteCase('a', { id: '5', no: 'no 5' });
    expect(recentCases('a').map((each) => each.id)).toEqual(['5', '9', '8', '7', '6', '4', '3', '2']);
    expect(recentCases('b')).toEqual([]);
  });
});

describe('a report', () => {
  const report = { id: '3', stage: 'received', area: null, case_ids: ['8'] } as unknown as ReportView;
  it('is accepted with what its case needs', () => {
    expect([...missingOfReport('report_accept', {}, report)].sort()).toEqual(['area_code', 'category_id']);
    expect(bodyOfReport('report_accept', { category_id: '9', area_code: '310118001' }, report))
      .toEqual({ open_cases: [{ category_id: '9', place: { area_code: '310118001' } }], join_case_ids: [] });
  });
  it('joins a case by being accepted to it, or later by itself', () => {
    expect(pathOfReport('report_join', report)).toBe('/api/v1/reports/{id}/accept');
    expect(bodyOfReport('report_join', { case_id: '5' }, report)).toEqual({ open_cases: [], join_case_ids: ['5'] });
    const accepted = { ...report, stage: 'accepted' } as ReportView;
    expect(pathOfReport('report_join', accepted)).toBe('/api/v1/reports/{id}/join');
    expect(bodyOfReport('report_join', { case_id: '5' }, accepted)).toEqual({ case_id: '5' });
  });
  it('is called back: who was not reached says nothing, and what is not solved may be done again', () => {
    expect([...missingOfReport('report_callback', { reached: false }, report)]).toEqual([]);
    expect([...missingOfReport('report_callback', { reached: true, solved: false }, report)].sort()).toEqual(['again', 'satisfaction']);
    expect(bodyOfReport('report_callback', { reached: false, words: '写过又改了' }, report)).toEqual({ reached: false });
    expect(bodyOfReport('report_callback', { reached: true, solved: false, satisfaction: 'dissatisfied', again: true }, report))
      .toEqual({ reached: true, solved: false, satisfaction: 'dissatisfied', redo: { reopen_case_id: '8' } });
  });
});

const row = (id: string | null, due: string): never => ({ clock: { due_at: due }, lead_organisation: id === null ? null : { id, name: `单位${id}` } }) as never;
describe('the board', () => {
  it('says who is late, how often and how much, whoever has most first', () => {
    const late = byOrganisation([
      row('1', '2026-11-21T10:00:00+08:00'), row('1', '2026-11-21T11:00:00+08:00'), row(null, '2026-11-20T12:00:00+08:00'), row('2', '2026-11-21T12:00:00+08:00'),
    ], Date.parse('2026-11-21T12:00:00+08:00'));
    const hour = 3_600_000;
    expect(late).toEqual([{ id: '1', name: '单位1', count: 2, worst: 2 * hour, total: 3 * hour }, { id: '', name: '', count: 1, worst: 24 * hour, total: 24 * hour }]);
  });
});

describe('a sheet', () => {
  it('says only what was done', () => {
    const view = {
      filed_by: { name: '区城运中心' }, accepted_by: { name: '区城运中心' }, rule: { limit: '2工作日' }, tasks: [], rework_count: 0, overlays: {}, accountable: {},
      timeline: [{ kind: 'case_filed', note: '属实', occurred_at: '2026-11-21T14:27:16+08:00', by: null }],
    } as unknown as CaseView;
    expect(bodyOfSheet('filing', view)[0]?.rows.map(([, value]) => value)).toEqual(['区城运中心', '2026-11-21 14:27', '2工作日', '区城运中心', '属实']);
    expect(bodyOfSheet('dispatch', view).length).toBe(1);
    expect(bodyOfSheet('supervision', view)[1]?.rows[2]?.[1]).toBe('');
  });
});
