import { computed, ref, shallowRef } from 'vue';
import { ApiError, drawn, serverNow } from '../api';
import { addItem, allItems, dropItem, putItem, type Item, type Photo } from './db';
import { send } from './send';

const WAIT_MS = [2_000, 5_000, 15_000, 30_000, 60_000];
const LOOK_MS = 5_000;
/** Sent ones are kept so long, to be found again; reports as long as their links. */
const SENT_DAYS = 30;

// Shallow: what lies in the database is plain.
const items = shallowRef<Item[]>([]);
const sendingId = ref<string | null>(null);
const isOnline = ref(navigator.onLine);
/** Whether the phone keeps what is written; a private window may not. */
const isKept = ref(true);
let running = false;
/** Something was written down while others were being sent. */
let isAsked = false;
let account = '';

const change = (item: Item): void => { items.value = items.value.map((each) => (each.id === item.id ? item : each)); };
const isMine = (item: Item): boolean => item.who === 'citizen' || item.who === account;

/** Nobody needs it any more. */
function isOver(item: Item): boolean {
  if (item.state !== 'sent') return false;
  if (item.kind !== 'report') return item.madeAt < Date.now() - SENT_DAYS * 86_400_000;
  const link = item.answer?.['link'] as { expires_at?: string } | undefined;
  return Date.parse(link?.expires_at ?? '') < Date.now();
}

/** What is asked for and has not been sent, of whoever uses these pages. */
const waiting = computed(() => items.value.filter((item) => item.state !== 'sent'));

function refusal(item: Item, error: ApiError): Item {
  const told = { code: error.code, title: error.title, status: error.status };
  const isUntimely = error.code === 'occurred_in_future' || error.fields.some((field) => field.field.endsWith('occurred_at'));
  if (isUntimely && 'occurred_at' in item.body) {
    // The phone's clock is fast, or a report lay here too long: when it arrives is the best that can be said. Nothing was stored under the key.
    const { occurred_at: _, ...body } = item.body;
    return { ...item, body, tries: item.tries + 1, nextAt: 0, error: null };
  }
  // 401: it waits until its owner has signed in again.
  if (error.mayPass || error.status === 401) {
    const wait = WAIT_MS[Math.min(item.tries, WAIT_MS.length - 1)] ?? 60_000;
    return { ...item, tries: item.tries + 1, nextAt: Date.now() + wait, error: told };
  }
  return { ...item, state: 'refused', error: told };
}

async function sendOne(item: Item): Promise<boolean> {
  sendingId.value = item.id;
  let after: Item;
  try {
    // What was said is with the city now: the phone keeps where to follow it, and no more.
    after = { ...item, answer: await send(item), state: 'sent', error: null, body: {}, bearer: null };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    after = refusal(item, error);
  } finally {
    sendingId.value = null;
  }
  await putItem(after);
  change(after);
  return after.error?.status !== 0;
}

/** Sends what may go; whether the server was reached. */
async function sendThose(): Promise<boolean> {
  // Another page of the same phone may have sent some.
  items.value = await allItems();
  // One step of a case after the other: what comes later waits for what came before.
  const held = new Set<string>();
  for (const item of items.value) {
    if (item.state !== 'waiting' || !isMine(item) || (item.who !== 'citizen' && account === '')) continue;
    const { about } = item;
    if (about !== null && held.has(about)) continue;
    if (item.nextAt > Date.now()) {
      if (about !== null) held.add(about);
      continue;
    }
    const reached = await sendOne(item);
    if (!reached) return false;
    if (about !== null && items.value.some((each) => each.id === item.id && each.state === 'waiting')) held.add(about);
  }
  return true;
}

async function sendAll(): Promise<void> {
  running = true;
  try {
    do isAsked = false;
    while ((await sendThose()) && isAsked);
  } finally {
    running = false;
  }
}

/** Sends what waits, one page at a time where the browser can tell. */
async function flush(): Promise<void> {
  isAsked = true;
  if (running) return;
  if ('locks' in navigator) await navigator.locks.request('chengyun-outbox', { ifAvailable: true }, async (lock) => { if (lock !== null) await sendAll(); });
  else await sendAll();
}

function look(): void {
  isOnline.value = navigator.onLine;
  if (document.visibilityState === 'visible' && items.value.some((item) => item.state === 'waiting')) void flush();
}

export interface Draft {
  title: string;
  kind: Item['kind'];
  path: string;
  body: Record<string, unknown>;
  method?: string;
  bearer?: string;
  uploads?: Item['uploads'];
  photosAs?: string;
  photos?: ArrayBuffer[];
  /** So many of the photos show what was found. */
  foundCount?: number;
  about?: string;
}

export const outbox = {
  items, waiting, sendingId, isOnline, isKept,

  /** Reads what is there, and sends it whenever that may go. */
  async open(): Promise<void> {
    try {
      const found = await allItems();
      const over = found.filter(isOver);
      for (const item of over) await dropItem(item);
      items.value = found.filter((item) => !over.includes(item));
    } catch {
      isKept.value = false;
      return;
    }
    for (const kind of ['online', 'offline', 'focus', 'pageshow'] as const) addEventListener(kind, look);
    document.addEventListener('visibilitychange', look);
    setInterval(look, LOOK_MS);
    look();
  },

  /** Who is signed in; their own waiting commands go out in their name only. */
  belongsTo(who: string): void {
    account = who;
    if (who !== '') void outbox.again();
  },

  /** Writes it down first. Resolves when the phone has it; sending follows. */
  async put(draft: Draft): Promise<Item> {
    const photos: Photo[] = (draft.photos ?? []).map((bytes) => ({ key: drawn(), bytes, received: 0, attachmentId: null }));
    const plain = JSON.parse(JSON.stringify(draft.body)) as Record<string, unknown>;
    const body = { ...plain, occurred_at: serverNow().toISOString() };
    const item: Item = {
      id: drawn(), who: draft.path.startsWith('portal/') ? 'citizen' : account, title: draft.title, kind: draft.kind, method: draft.method ?? 'POST', path: draft.path, body,
      bearer: draft.bearer ?? null, uploads: draft.uploads ?? 'uploads', photosAs: draft.photosAs ?? null, photoKeys: photos.map((photo) => photo.key), foundCount: draft.foundCount ?? 0,
      madeAt: Date.now(), state: 'waiting', tries: 0, nextAt: 0, error: null, answer: null, about: draft.about ?? null,
    };
    await addItem(item, photos);
    items.value = [...items.value, item];
    void flush();
    return item;
  },

  /** Tries all at once again, whatever they wait for. */
  async again(): Promise<void> {
    const now = await Promise.all(items.value.map(async (item) => {
      if (item.state !== 'waiting' || item.nextAt === 0) return item;
      const soon = { ...item, nextAt: 0 };
      await putItem(soon);
      return soon;
    }));
    items.value = now;
    await flush();
  },

  /** Sends a refused one again: what stood in its way may be gone. */
  async retry(item: Item): Promise<void> {
    const soon: Item = { ...item, state: 'waiting', nextAt: 0, error: null };
    await putItem(soon);
    change(soon);
    await flush();
  },

  async drop(item: Item): Promise<void> {
    await dropItem(item);
    items.value = items.value.filter((each) => each.id !== item.id);
  },
};
