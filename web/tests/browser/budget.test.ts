// What the first page costs in bytes, as the built program sends it. Sizes are exact, so they are held; times are measured by `figures.mjs`.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { desk, openCity, type City } from './city';

const FIRST_ROUTE_KB_MAX = 180;

let city: City;
beforeAll(async () => { city = await openCity(); }, 90_000);
afterAll(async () => { await city.close(); });

it('the scripts of the list of cases, from an empty browser, stay below the budget', async () => {
  const { page, context } = await desk(city, 'zhibanzhang');
  await page.goto('/cases?box=doing');
  await page.locator('.grid-row').first().waitFor();
  const names = await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => name.endsWith('.js')));
  await context.close();
  let bytes = 0;
  for (const name of new Set(names)) {
    const answer = await fetch(name, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(answer.headers.get('cache-control')).toContain('immutable');
    const head = await fetch(name, { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } });
    bytes += Number(head.headers.get('content-length'));
  }
  expect(names.length).toBeGreaterThan(3);
  expect(bytes).toBeGreaterThan(50 * 1024);
  expect(bytes / 1024).toBeLessThan(FIRST_ROUTE_KB_MAX);
});
