// Whoever is on duty is followed, seen to be, and nobody else.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

type Duty = typeof import('@/h5/field/duty');
type Told = (at: { coords: { longitude: number; latitude: number } }) => void;

let watchers: Map<number, Told>;
let duty: Duty;

/** The page, opened afresh. */
async function opened(): Promise<Duty> {
  vi.resetModules();
  watchers = new Map();
  return await import('@/h5/field/duty');
}
function walk(lon: number): void {
  vi.advanceTimersByTime(30_000);
  for (const told of watchers.values()) told({ coords: { longitude: lon, latitude: 31.15 } });
}

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  let n = 0;
  Object.defineProperty(navigator, 'geolocation', {
    configurable: true,
    value: { watchPosition: (told: Told) => { n += 1; watchers.set(n, told); return n; }, clearWatch: (id: number) => { watchers.delete(id); } },
  });
  duty = await opened();
  duty.resume('one');
});
afterEach(() => { vi.useRealTimers(); });

describe('duty', () => {
  it('records the way from going on to going off', () => {
    walk(121.1);
    duty.goOn();
    walk(121.2);
    walk(121.3);
    expect(duty.track.value.map((each) => each.lon)).toEqual([121.2, 121.3]);
    duty.goOff();
    expect(watchers.size).toBe(0);
    expect(duty.onSince.value).toBeNull();
  });

  it('goes on after the page was opened again, and only for who was on duty', async () => {
    duty.goOn();
    walk(121.2);
    duty = await opened();
    expect(watchers.size).toBe(0);
    duty.resume('one');
    walk(121.3);
    expect(duty.track.value.map((each) => each.lon)).toEqual([121.2, 121.3]);
    duty = await opened();
    duty.resume('two');
    expect(watchers.size).toBe(0);
    expect(duty.onSince.value).toBeNull();
    expect(duty.track.value).toEqual([]);
  });

  it('ends with the session, and leaves nothing of the way on the screen', async () => {
    duty.goOn();
    walk(121.2);
    duty.standDown();
    expect(watchers.size).toBe(0);
    expect(duty.track.value).toEqual([]);
    duty = await opened();
    duty.resume('one');
    expect(duty.onSince.value).toBeNull();
    expect(watchers.size).toBe(0);
  });

  it('ends after twelve hours though the phone tells no position', () => {
    duty.goOn();
    vi.advanceTimersByTime(12 * 3_600_000 + 1);
    expect(duty.onSince.value).toBeNull();
    expect(watchers.size).toBe(0);
  });

  it('says when the phone tells no position', () => {
    Object.defineProperty(navigator, 'geolocation', { configurable: true, value: { watchPosition: (_: Told, failed: () => void) => { failed(); return 1; }, clearWatch: () => {} } });
    duty.goOn();
    expect(duty.isBlind.value).toBe(true);
  });
});
