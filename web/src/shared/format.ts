import { i18n } from '@/i18n';

const two = (n: number): string => String(n).padStart(2, '0');

// The city's own time zone, as it stands in the text: `2026-11-21T14:27:16.3+08:00` is shown as 2026-11-21 14:27 on every desk.
/** `2026-11-21 14:27`. */
export function dateTime(text: string | null | undefined): string {
  return text ? text.slice(0, 16).replace('T', ' ') : '';
}

/** `11-21 14:27`. */
export function shortTime(text: string | null | undefined): string {
  return dateTime(text).slice(5);
}

const LATE_MS = 60_000;

/** When we learnt of what somebody did without network, if that was a while later: `11-21 14:27`, else nothing. */
export function arrivedAt(entry: { occurred_at: string; recorded_at: string; by?: unknown }): string {
  const isLate = Date.parse(entry.recorded_at) - Date.parse(entry.occurred_at) > LATE_MS;
  return isLate && entry.by ? shortTime(entry.recorded_at) : '';
}

/** `1:42:10` for less than a day, else `2天11时`. */
export function duration(milliseconds: number): string {
  const seconds = Math.floor(Math.abs(milliseconds) / 1000);
  const hours = Math.floor(seconds / 3600);
  if (hours >= 24) {
    return i18n.global.t('lamp.days', { d: Math.floor(hours / 24), h: hours % 24 });
  }
  return `${hours}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
}

export type Light = 'green' | 'yellow' | 'red';

export interface ClockTimes {
  yellow_at: string;
  due_at: string;
}

/** The light a clock shows at `now`. What happens at the very instant it runs out is still in time. */
export function lightOf(clock: ClockTimes, now: number): Light {
  if (now > Date.parse(clock.due_at)) return 'red';
  return now >= Date.parse(clock.yellow_at) ? 'yellow' : 'green';
}

/** A count of a box: the server counts to 1000, which stands for more. */
export function boxCount(count: number): string {
  return count >= 1000 ? '999+' : String(count);
}
