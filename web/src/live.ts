import { onBeforeUnmount, readonly, ref, watch } from 'vue';
import { useSession } from '@/session';

/** What the stream tells of one change. */
export interface LiveMessage {
  place: number;
  kind: string;
  key: string;
  body: { subject_id?: string; after?: number; kinds?: string[] };
}

export type LiveState = 'none' | 'joining' | 'on' | 'off' | 'offline';

type Listener = (message: LiveMessage | 'gap') => void;

const AGAIN_MS = 5_000;
const listeners = new Set<Listener>();
const state = ref<LiveState>('none');
let source: EventSource | null = null;
let place = 0;
let timer = 0;

/** Whether the page hears of changes as they happen. */
export const liveState = readonly(state);

function tell(message: LiveMessage | 'gap'): void {
  for (const listener of listeners) listener(message);
}

function stop(): void {
  clearTimeout(timer);
  source?.close();
  source = null;
}

function again(): void {
  stop();
  state.value = navigator.onLine ? 'off' : 'offline';
  timer = window.setTimeout(join, AGAIN_MS);
}

function join(): void {
  stop();
  state.value = 'joining';
  const opened = new EventSource(place > 0 ? `/api/v1/live?after=${place}` : '/api/v1/live');
  source = opened;
  opened.addEventListener('open', () => {
    // Whatever happened before we joined was not heard, and what was asked for while nobody answered was not told.
    tell('gap');
    state.value = 'on';
  });
  opened.addEventListener('message', (event: MessageEvent<string>) => {
    const message = JSON.parse(event.data) as LiveMessage;
    place = message.place;
    tell(message);
  });
  opened.addEventListener('gap', (event) => {
    place = Number((event as MessageEvent).lastEventId) || place;
    tell('gap');
  });
  opened.addEventListener('bye', again);
  opened.addEventListener('error', () => {
    if (opened.readyState === EventSource.CLOSED) again();
    else state.value = navigator.onLine ? 'joining' : 'offline';
  });
}

/** Keeps the stream open for as long as somebody is signed in who may follow it. */
export function followLive(): void {
  const session = useSession();
  watch(
    () => (session.who?.must_change_password === false && session.may('live_view') ? session.who.account_id : null),
    (account) => {
      stop();
      place = 0;
      if (account === null) state.value = 'none';
      else join();
    },
    { immediate: true },
  );
  addEventListener('offline', () => {
    if (state.value !== 'none') state.value = 'offline';
  });
  addEventListener('online', () => {
    if (state.value !== 'none') join();
  });
}

/** Tells of every change while the component is there; `gap`: some were missed, ask anew. */
export function useLive(listener: Listener): void {
  listeners.add(listener);
  onBeforeUnmount(() => listeners.delete(listener));
}
