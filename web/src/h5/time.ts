import { onUnmounted, ref, type Ref } from 'vue';
import { serverNow } from './api';
import { fill, w } from './look';

const two = (n: number): string => String(n).padStart(2, '0');

/** `11-21 09:05`, in the phone's own time. */
export function when(at: string | number): string {
  const date = new Date(at);
  return `${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `2天3时` or `0:41`, of so many milliseconds. */
export function span(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  const hours = Math.floor(minutes / 60);
  return hours >= 48 ? fill(w().common.days, { d: Math.floor(hours / 24), h: hours % 24 }) : `${hours}:${two(minutes % 60)}`;
}

/** The time, anew every half minute. */
export function ticking(): Ref<number> {
  const now = ref(serverNow().getTime());
  const timer = setInterval(() => { now.value = serverNow().getTime(); }, 30_000);
  onUnmounted(() => clearInterval(timer));
  return now;
}
