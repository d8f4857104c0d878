// What the first page costs in bytes, as the built program sends it. Sizes are exact, so they are held; times are measured by `bench/web/figures.mjs`.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { desk, openCity, type City } from './city';

const FIRST_ROUTE_KB_MAX = 180;
const MAP_KB_MAX = 440;
/** The map, its worker and its styles; nothing of it is fetched before the list has been painted. */
const isOfMap = (name: string): boolean => /\/(MapView|maplibre)[^/]*$/.test(name);

async function packed(name: string): Promise<number> {
  const head = await fetch(name, { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } });
  // What has a name of its own for each content is kept for ever; the little script that speaks to browsers too old for the rest has one name.
  if (name.includes('/assets/')) expect(head.headers.get('cache-control')).toContain('immutable');
  return Number(head.headers.get('content-length'));
}

let city: City;
beforeAll(async () => { city = await openCity(); }, 90_000);
afterAll(async () => { await city.close(); });

it('the list of cases, from an empty browser, stays below the budget, and so does the map that follows it', async () => {
  const { page, context } = await desk(city, 'zhibanzhang');
  await page.goto('/cases?box=doing');
  await page.locator('.grid-row').first().waitFor();
  const painted = await page.evaluate(() => performance.now());
  await page.locator('.map-view[data-drawn]').waitFor();
  const entries = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name, startTime }) => ({ name, startTime })).filter(({ name }) => /\.(js|css)$/.test(name)));
  await context.close();
  let first = 0;
  let map = 0;
  for (const name of new Set(entries.map((entry) => entry.name))) {
    if (isOfMap(name)) map += await packed(name);
    else if (name.endsWith('.js')) first += await packed(name);
  }
  expect(entries.length).toBeGreaterThan(3);
  expect(first).toBeGreaterThan(50 * 1024);
  expect(first / 1024).toBeLessThan(FIRST_ROUTE_KB_MAX);
  expect(map / 1024).toBeGreaterThan(300);
  expect(map / 1024).toBeLessThan(MAP_KB_MAX);
  const early = entries.filter(({ name, startTime }) => isOfMap(name) && startTime < painted - 500);
  expect(early).toEqual([]);
});
