import { ref } from 'vue';

// The way of whoever is on duty. It is recorded only between going on and off duty, shown while it is, and leaves the phone nowhere.

const KEY = 'chengyun.field.duty';
/** Whoever forgets to go off duty is taken off. */
const HOURS_MAX = 12;
/** Points kept: enough for twelve hours at a walk, thinned out. */
const POINTS_MAX = 2_000;
const STEP_MS = 20_000;

export interface Point { lon: number; lat: number; at: number }

export const onSince = ref<number | null>(null);
export const track = ref<Point[]>([]);
let watching: number | null = null;

function keep(): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ since: onSince.value, track: track.value }));
  } catch {
    // Too much for this phone: what is shown now is all there is.
  }
}

export function goOff(): void {
  if (watching !== null) navigator.geolocation.clearWatch(watching);
  watching = null;
  onSince.value = null;
  keep();
}

function follow(): void {
  if (!('geolocation' in navigator) || watching !== null) return;
  watching = navigator.geolocation.watchPosition(({ coords }) => {
    const now = Date.now();
    if (onSince.value === null || now - onSince.value > HOURS_MAX * 3_600_000) {
      goOff();
      return;
    }
    if (now - (track.value.at(-1)?.at ?? 0) < STEP_MS) return;
    track.value = [...track.value, { lon: coords.longitude, lat: coords.latitude, at: now }].slice(-POINTS_MAX);
    keep();
  }, () => {}, { enableHighAccuracy: false, maximumAge: STEP_MS });
}

export function goOn(): void {
  onSince.value = Date.now();
  track.value = [];
  keep();
  follow();
}

export function clearTrack(): void {
  track.value = [];
  keep();
}

/** After the page was closed: whoever was on duty still is, and sees it. */
export function resume(): void {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as { since: number | null; track: Point[] } | null;
    if (kept === null) return;
    track.value = kept.track;
    onSince.value = kept.since;
    if (kept.since !== null && Date.now() - kept.since < HOURS_MAX * 3_600_000) follow();
    else goOff();
  } catch {
    // What cannot be read is as if nobody had been on duty.
  }
}
