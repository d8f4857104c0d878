import { ref } from 'vue';

// The way of whoever is on duty. It is recorded only between going on and off duty, shown on every page while it is, and leaves the phone
// nowhere. Off duty goes also whoever signs out or whose session has ended.

const KEY = 'chengyun.field.duty';
/** Whoever forgets to go off duty is taken off. */
const MS_MAX = 12 * 3_600_000;
/** Points kept: enough for twelve hours at a walk, thinned out. */
const POINTS_MAX = 2_000;
const STEP_MS = 20_000;

export interface Point { lon: number; lat: number; at: number }
interface Kept { owner: string; since: number | null; track: Point[] }

export const onSince = ref<number | null>(null);
export const track = ref<Point[]>([]);
/** Whether the phone does not say where it is: without HTTPS none does. */
export const isBlind = ref(false);
let owner = '';
let watching: number | null = null;
let ending: ReturnType<typeof setTimeout> | undefined;

function keep(): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ owner, since: onSince.value, track: track.value } satisfies Kept));
  } catch {
    // Too much for this phone: what is shown now is all there is.
  }
}

function kept(): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') as Kept | null;
  } catch {
    // What cannot be read is as if nobody had been on duty.
    return null;
  }
}

function stop(): void {
  if (watching !== null) navigator.geolocation.clearWatch(watching);
  watching = null;
  clearTimeout(ending);
  onSince.value = null;
  isBlind.value = false;
}

export function goOff(): void {
  stop();
  keep();
}

function follow(since: number): void {
  onSince.value = since;
  clearTimeout(ending);
  ending = setTimeout(goOff, since + MS_MAX - Date.now());
  if (watching !== null) return;
  if (!('geolocation' in navigator)) {
    isBlind.value = true;
    return;
  }
  watching = navigator.geolocation.watchPosition(({ coords }) => {
    const now = Date.now();
    // A phone that slept has not counted the time.
    if (onSince.value === null || now - onSince.value > MS_MAX) {
      goOff();
      return;
    }
    isBlind.value = false;
    if (now - (track.value.at(-1)?.at ?? 0) < STEP_MS) return;
    track.value = [...track.value, { lon: coords.longitude, lat: coords.latitude, at: now }].slice(-POINTS_MAX);
    keep();
  }, () => { isBlind.value = true; }, { enableHighAccuracy: false, maximumAge: STEP_MS });
}

export function goOn(): void {
  track.value = [];
  follow(Date.now());
  keep();
}

export function clearTrack(): void {
  track.value = [];
  keep();
}

/** After the page was closed: whoever was on duty still is, on whatever page they open. Nobody is on duty for somebody else. */
export function resume(accountId: string): void {
  if (owner === accountId && watching !== null) return;
  owner = accountId;
  const found = kept();
  const isTheirs = found !== null && found.owner === owner;
  track.value = isTheirs ? found.track : [];
  if (isTheirs && found.since !== null && Date.now() - found.since < MS_MAX) follow(found.since);
  else if (isTheirs && found.since !== null) goOff();
  else stop();
}

/** Nobody is signed in any more: nothing is recorded, and what was is not shown to whoever comes next. */
export function standDown(): void {
  if (onSince.value !== null) goOff();
  else stop();
  track.value = [];
  owner = '';
}

// Off duty or signed out in another window of this phone.
addEventListener('storage', (event) => {
  if (event.key !== KEY && event.key !== null) return;
  const found = kept();
  if (found === null || found.owner !== owner || found.since === null) stop();
});
