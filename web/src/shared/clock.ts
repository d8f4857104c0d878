import { readonly, ref } from 'vue';

// One ticker for every countdown on the page, by the server's clock: a desk whose own clock is wrong must not see wrong lamps.
let offset = 0;
const time = ref(Date.now());

/** Milliseconds since 1970 by the server's clock; changes once a second. */
export const now = readonly(time);

function tick(): void {
  time.value = Date.now() + offset;
  setTimeout(tick, 1000 - ((Date.now() + offset) % 1000));
}
tick();

/** Learns from the `Date` of an answer, which is to the second, how far our clock is off. */
export function learnTime(date: string | null): void {
  const told = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(told)) return;
  const off = told + 500 - Date.now();
  // What the header cannot tell apart is no difference.
  offset = Math.abs(off) < 2000 ? 0 : off;
}
