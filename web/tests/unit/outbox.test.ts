// The outbox of a phone, with a server that answers what the test wants and a database in memory.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Item, Photo } from '@/h5/outbox/db';

const kept = vi.hoisted(() => ({ items: new Map<string, unknown>(), photos: new Map<string, unknown>() }));

vi.mock('@/h5/outbox/db', () => ({
  allItems: () => Promise.resolve(([...kept.items.values()] as Item[]).map((item) => structuredClone(item)).sort((a, b) => a.madeAt - b.madeAt)),
  photoOf: (key: string) => Promise.resolve(kept.photos.get(key)),
  addItem: (item: Item, photos: Photo[]) => {
    for (const photo of photos) kept.photos.set(photo.key, photo);
    kept.items.set(item.id, structuredClone(item));
    return Promise.resolve();
  },
  putItem: (item: Item) => {
    kept.items.set(item.id, structuredClone(item));
    if (item.state === 'sent') for (const key of item.photoKeys) kept.photos.delete(key);
    return Promise.resolve();
  },
  putPhoto: (photo: Photo) => {
    kept.photos.set(photo.key, photo);
    return Promise.resolve();
  },
  dropItem: (item: Item) => {
    kept.items.delete(item.id);
    return Promise.resolve();
  },
}));

interface Asked { path: string; key: string | null; body: Record<string, unknown>; bearer: string | null }
type Answer = { status: number; body?: unknown } | 'lost' | 'away';

const START = Date.parse('2026-11-21T09:00:00+08:00');
let asked: Asked[] = [];
/** What took effect, by key: as the server keeps it. */
let done = new Map<string, unknown>();
let answers: ((request: Asked) => Answer | undefined)[] = [];

const reply = (status: number, told: unknown): Response => new Response(JSON.stringify(told), { status, headers: { Date: new Date().toUTCString() } });

/** Answers as the test wants, once each; else takes it, once for each key. */
function serve(url: string, options: RequestInit): Promise<Response> {
  const headers = options.headers as Record<string, string>;
  const body = typeof options.body === 'string' ? JSON.parse(options.body) as Record<string, unknown> : {};
  const request: Asked = { path: url.replace('/api/v1/', ''), key: headers['Idempotency-Key'] ?? null, body, bearer: headers['Authorization'] ?? null };
  asked.push(request);
  const at = answers.findIndex((each) => each(request) !== undefined);
  const answer = at < 0 ? undefined : answers.splice(at, 1)[0]?.(request);
  if (answer === 'away') return Promise.reject(new TypeError('network'));
  if (answer !== undefined && answer !== 'lost') return Promise.resolve(reply(answer.status, answer.body ?? {}));
  const told = done.get(request.key ?? '') ?? { id: `made-${done.size + 1}` };
  if (request.key !== null) done.set(request.key, told);
  return answer === 'lost' ? Promise.reject(new TypeError('network')) : Promise.resolve(reply(200, told));
}

type Outbox = typeof import('@/h5/outbox/outbox')['outbox'];
let outbox: Outbox;

/** The page, opened by somebody; the one before is closed, unless it stays open beside it. */
async function open(who = 'me', beside = false): Promise<void> {
  const now = Date.now();
  // Clearing them sets the clock back, too.
  if (!beside) vi.clearAllTimers();
  vi.setSystemTime(now);
  vi.resetModules();
  ({ outbox } = await import('@/h5/outbox/outbox'));
  await outbox.open();
  outbox.belongsTo(who);
  await settle();
}
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(10);
const later = (seconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(seconds * 1_000);
const step = (caseId: string, name: string) => outbox.put({ title: name, kind: 'command', path: `cases/${caseId}/${name}`, body: { said: name }, about: `case ${caseId}` });
const state = (name: string): Item['state'] | undefined => outbox.items.value.find((item) => item.title === name)?.state;
const paths = (): string[] => asked.map((each) => each.path);

/** As browsers have it: whoever comes while it is held gets none. */
let isHeld = false;
const locks = {
  async request(_: string, __: object, work: (lock: object | null) => Promise<void>): Promise<void> {
    if (isHeld) return await work(null);
    isHeld = true;
    try {
      return await work({});
    } finally {
      isHeld = false;
    }
  },
};

beforeEach(async () => {
  vi.useFakeTimers({ now: START });
  vi.stubGlobal('fetch', vi.fn(serve));
  Object.defineProperty(navigator, 'locks', { value: locks, configurable: true });
  isHeld = false;
  kept.items.clear();
  kept.photos.clear();
  asked = [];
  done = new Map();
  answers = [];
  await open();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('order', () => {
  it('a step waits for the one before it of the same case, and holds up no other case', async () => {
    answers.push((request) => (request.path === 'cases/1/accept' ? { status: 503 } : undefined));
    await step('1', 'accept');
    await step('1', 'finish');
    await step('2', 'inspect');
    await settle();
    expect(paths()).toEqual(['cases/1/accept', 'cases/2/inspect']);
    expect(state('finish')).toBe('waiting');
    await later(10);
    expect(paths()).toEqual(['cases/1/accept', 'cases/2/inspect', 'cases/1/accept', 'cases/1/finish']);
    expect(outbox.waiting.value).toEqual([]);
  });

  it('without network nothing is tried after the first, and all goes in the order it was done', async () => {
    answers.push(() => 'away', () => 'away');
    await step('1', 'accept');
    await step('2', 'accept-other');
    await step('1', 'finish');
    await settle();
    expect(outbox.waiting.value).toHaveLength(3);
    await later(30);
    expect(outbox.waiting.value).toEqual([]);
    const took = paths().slice(2);
    expect(took.indexOf('cases/1/accept')).toBeLessThan(took.indexOf('cases/1/finish'));
  });
});

describe('retry', () => {
  it('what got no answer is sent again under the same key and takes effect once', async () => {
    answers.push(() => 'lost', () => 'lost');
    await step('1', 'finish');
    await later(60);
    expect(asked.length).toBe(3);
    expect(new Set(asked.map((each) => each.key)).size).toBe(1);
    expect(done.size).toBe(1);
    expect(state('finish')).toBe('sent');
  });

  it('two pages beside each other, and much impatience, double nothing', async () => {
    answers.push(() => 'lost');
    await step('1', 'finish');
    await settle();
    await open('me', true);
    await Promise.all([outbox.again(), outbox.again(), outbox.again()]);
    await later(60);
    expect(done.size).toBe(1);
    expect(new Set(asked.map((each) => each.key)).size).toBe(1);
    const before = asked.length;
    await later(600);
    expect(asked.length).toBe(before);
  });

  it('waits longer each time, and no longer than a minute', async () => {
    answers.push(...Array.from({ length: 50 }, () => (): Answer => ({ status: 503 })));
    await step('1', 'finish');
    const times: number[] = [];
    for (let second = 0; second < 600; second += 1) {
      const before = asked.length;
      await later(1);
      if (asked.length > before) times.push(second);
    }
    const gaps = times.slice(1).map((time, n) => time - (times[n] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(66);
    expect(gaps.at(-1)).toBeGreaterThan(gaps[0] ?? 0);
    expect(times.length).toBeLessThan(16);
  });

  it('a session that has ended makes it wait for its owner, and nobody else sends it', async () => {
    answers.push(() => ({ status: 401, body: { code: 'unauthenticated' } }));
    await step('1', 'finish');
    await settle();
    expect(state('finish')).toBe('waiting');
    await open('somebody else');
    await later(300);
    expect(asked).toHaveLength(1);
    await open('me');
    await later(10);
    expect(asked).toHaveLength(2);
    expect(state('finish')).toBe('sent');
  });
});

describe('a no', () => {
  it('that is a conflict keeps what was written, and is sent again only when its owner says so, under the same key', async () => {
    answers.push(() => ({ status: 409, body: { code: 'task_wrong_state', title: '任务状态不符' } }));
    await step('1', 'finish');
    await later(300);
    expect(asked).toHaveLength(1);
    const [refused] = outbox.waiting.value;
    expect(refused).toMatchObject({ state: 'refused', error: { code: 'task_wrong_state', status: 409 }, body: { said: 'finish' } });
    await open();
    await later(300);
    expect(asked).toHaveLength(1);
    if (refused !== undefined) await outbox.retry(refused);
    await settle();
    expect(asked[1]?.key).toBe(asked[0]?.key);
    expect(state('finish')).toBe('sent');
  });

  it('to one step lets the next one be judged by itself', async () => {
    answers.push((request) => (request.path.endsWith('/accept') ? { status: 409 } : undefined));
    await step('1', 'accept');
    await step('1', 'finish');
    await settle();
    expect(state('accept')).toBe('refused');
    expect(state('finish')).toBe('sent');
  });
});

describe('the time', () => {
  it('it was done goes along, whenever it is sent', async () => {
    answers.push(() => 'away');
    await step('1', 'return');
    await later(3_600);
    expect(asked.at(-1)?.body['occurred_at']).toBe(new Date(START + 10).toISOString());
    expect(state('return')).toBe('sent');
  });

  it.each([
    { status: 409, body: { code: 'occurred_in_future' } },
    { status: 422, body: { code: 'invalid_input', fields: [{ field: 'occurred_at', code: 'in_future' }] } },
  ])('of a clock that is fast is left out, and nothing else ($status)', async (answer) => {
    answers.push(() => answer);
    await step('1', 'return');
    await later(30);
    expect(asked).toHaveLength(2);
    expect(asked[1]?.body).toEqual({ said: 'return' });
    expect(asked[1]?.key).toBe(asked[0]?.key);
  });
});

describe('what was sent', () => {
  it('leaves neither words nor photos nor secrets in the phone but the link to follow it by', async () => {
    answers.push((request) => (request.path.startsWith('portal/uploads/') ? { status: 200, body: { received_bytes: 3, attachment: { id: '7' } } } : undefined));
    await outbox.put({
      title: '道路积水', kind: 'report', path: 'portal/reports', uploads: 'portal/uploads', photosAs: 'photos', photos: [new Uint8Array([1, 2, 3]).buffer], body: { words: '我家门口', phone: '13800000000' },
    });
    await outbox.put({ title: '评价', kind: 'rate', path: 'portal/report/rate', bearer: 'secret', body: { satisfaction: 'satisfied' } });
    await settle();
    expect(outbox.waiting.value).toEqual([]);
    expect(asked.at(-1)?.bearer).toBe('Bearer secret');
    expect(JSON.stringify([...kept.items.values()])).not.toMatch(/我家门口|13800000000|secret/);
    expect(kept.photos.size).toBe(0);
  });

  it('and whose link has expired goes from the phone', async () => {
    answers.push(() => ({ status: 201, body: { report_no: 'R1', link: { token: 't', expires_at: '2027-05-20T09:00:00+08:00' } } }));
    await outbox.put({ title: '道路积水', kind: 'report', path: 'portal/reports', body: {} });
    await settle();
    await open();
    expect(outbox.items.value).toHaveLength(1);
    vi.setSystemTime(Date.parse('2027-05-20T09:00:01+08:00'));
    await open();
    expect(outbox.items.value).toEqual([]);
  });
});
