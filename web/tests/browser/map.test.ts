// The map: the same cases as the list, each showing the other's; a place picked for a report; what lies near a case; and a browser that has none.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { ask, desk, openCity, type City } from './city';

let city: City;
beforeAll(async () => { city = await openCity(); }, 90_000);
afterAll(async () => { await city.close(); });

interface Listed { id: string; lon?: number | null; lat?: number | null }
const listed = async (page: Page, query: string): Promise<Listed[]> => (await ask<{ items: Listed[] }>(page, 'GET', `cases?limit=200&${query}`)).body.items;
const drawn = (page: Page): Promise<void> => page.locator('.map-view[data-drawn]').waitFor();
const box = (lon: number, lat: number, span: number): string => [lon - span, lat - span, lon + span, lat + span].map((each) => each.toFixed(5)).join(',');
const withinOf = (page: Page): string | null => new URL(page.url()).searchParams.get('within');

/** A report with its case at a place: the id of the case. */
async function caseAt(page: Page, title: string, lon: number, lat: number): Promise<string> {
  const standard = (await ask<{ items: { id: string }[] }>(page, 'GET', 'standards')).body.items[0]?.id ?? '';
  const categories = (await ask<{ items: { id: string; name: string; kind: string }[] }>(page, 'GET', `standards/${standard}/categories?limit=200`)).body.items;
  const category = categories.find((each) => each.kind === 'event' && each.name === '道路积水')?.id ?? '';
  const opened = await ask<{ case: { id: string } }>(page, 'POST', 'reports', { source: 'hotline', title, detail: title, place: { lon, lat }, reporter: { name: '李某', phone: '13800000000' }, open_case: { category_id: category } });
  expect(opened.status).toBe(201);
  return opened.body.case.id;
}

describe('the list and its map', () => {
  it('show the same cases; what is pointed at in one is marked in the other, and a dot opens its case', async () => {
    const { page, context, complaints } = await desk(city, 'zhibanzhang');
    const items = await listed(page, 'box=doing&sort=due');
    const placed = items.filter((each) => each.lon && each.lat);
    await page.goto('/cases?box=doing');
    await drawn(page);
    await page.locator(`.map-view[data-points="${placed.length}"]`).waitFor();
    const [first, second] = placed;
    await page.locator(`.grid-row[data-id="${second?.id}"]`).hover();
    await page.locator(`.map-view[data-marked="${second?.lon},${second?.lat}"]`).waitFor();
    await page.mouse.move(5, 5);
    await page.keyboard.press('j');
    await page.locator(`.map-view[data-marked="${items[0]?.lon},${items[0]?.lat}"]`).waitFor();
    // A view with the case in its middle.
    const { id = '', lon = 0, lat = 0 } = first ?? {};
    await page.goto(`/cases?box=doing&within=${box(lon ?? 0, lat ?? 0, 0.0004)}`);
    await drawn(page);
    await page.locator('.map-view[data-points="1"]').waitFor();
    await page.waitForTimeout(500);
    const canvas = await page.locator('.map-view canvas').boundingBox();
    const [x, y] = [(canvas?.x ?? 0) + (canvas?.width ?? 0) / 2, (canvas?.y ?? 0) + (canvas?.height ?? 0) / 2];
    await page.mouse.move(x, y);
    await page.mouse.move(x + 1, y);
    await page.locator(`.grid-row.hovered[data-id="${id}"]`).waitFor();
    await page.mouse.click(x, y);
    await page.locator(`article[data-case="${id}"]`).waitFor();
    expect(new URL(page.url()).searchParams.get('case')).toBe(id);
    expect(complaints).toEqual([]);
    await context.close();
  }, 90_000);

  it('the list follows the map: in the address, by the server, across reload and back; moved by hand it says where', async () => {
    const { page, context } = await desk(city, 'zhibanzhang');
    const all = await listed(page, 'box=doing&sort=due');
    await page.goto('/cases?box=doing');
    await drawn(page);
    await page.locator('[data-follow]').check();
    await page.waitForURL((url) => url.searchParams.has('within'));
    const wide = withinOf(page);
    await page.locator('.map-view canvas').focus();
    for (let n = 0; n < 4; n += 1) {
      await page.keyboard.press('+');
      await page.waitForTimeout(500);
    }
    await page.waitForURL((url) => url.searchParams.get('within') !== wide);
    await page.waitForTimeout(1000);
    const within = withinOf(page) ?? '';
    const inView = await listed(page, `box=doing&sort=due&within=${within}`);
    expect(inView.length).toBeLessThan(all.length);
    const shown = async (): Promise<number> => Number(await page.locator('.grid').getAttribute('aria-rowcount').catch(() => '1')) - 1;
    const settle = async (count: number): Promise<void> => {
      if (count === 0) await page.locator('.desk-list .state').waitFor();
      else await expect.poll(shown).toBe(count);
    };
    await settle(inView.length);
    await page.reload();
    await drawn(page);
    expect(withinOf(page)).toBe(within);
    expect(await page.locator('[data-follow]').isChecked()).toBe(true);
    await settle(inView.length);
    await page.goBack();
    await page.waitForURL((url) => !url.searchParams.has('within'));
    await settle(all.length);
    expect(await page.locator('[data-follow]').isChecked()).toBe(false);
    // What the server refuses it refuses in words, and the page drops what is no box.
    expect((await ask(page, 'GET', 'cases/map?box=doing')).status).toBe(422);
    await page.goto('/cases?box=doing&within=everywhere');
    await settle(all.length);
    await context.close();
  }, 90_000);

  it('hidden it stays hidden, and on a narrow screen it takes the place of the list', async () => {
    const { page, context } = await desk(city, 'zhibanzhang');
    await page.goto('/cases?box=doing');
    await drawn(page);
    await page.keyboard.press('m');
    await page.locator('.map-frame').waitFor({ state: 'detached' });
    await page.reload();
    await page.locator('.grid-row').first().waitFor();
    await page.waitForTimeout(500);
    expect(await page.locator('.map-frame').count()).toBe(0);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator('[data-map]').click();
    await drawn(page);
    expect(await page.locator('.grid-row').first().isVisible()).toBe(false);
    await page.locator('[data-map]').click();
    await page.locator('.grid-row').first().waitFor();
    await context.close();
  }, 60_000);

  it('a browser that cannot draw says so, and the list works', async () => {
    const { page, context, complaints } = await desk(city, 'zhibanzhang');
    await context.addInitScript(() => {
      const get = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function none(this: HTMLCanvasElement, kind: string, ...rest: never[]) {
        return kind.startsWith('webgl') ? null : get.call(this, kind as never, ...rest);
      } as typeof get;
    });
    await page.goto('/cases?box=doing');
    await page.locator('[data-unable]').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.locator('article[data-case]').waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  }, 60_000);

  it('of what one street may not see, another street sees nothing on the map', async () => {
    const all = await desk(city, 'lingdao');
    const street = await desk(city, 'xiayang');
    const whole = '120,30,123,32';
    const seen = async (page: Page): Promise<Set<string>> => new Set((await ask<{ points: { id: string }[] }>(page, 'GET', `cases/map?within=${whole}`)).body.points.map((each) => each.id));
    const [everything, own] = [await seen(all.page), await seen(street.page)];
    const may = new Set((await listed(street.page, `within=${whole}`)).map((each) => each.id));
    expect(own).toEqual(may);
    expect(own.size).toBeLessThan(everything.size);
    const hidden = [...everything].find((id) => !own.has(id)) ?? '';
    expect((await ask(street.page, 'GET', `cases/${hidden}/near`)).status).toBe(404);
    await all.context.close();
    await street.context.close();
  }, 60_000);
});

describe('a place', () => {
  it('is picked by keyboard on the map of a report, says where it lies, and is where the case is; outside the city it is refused', async () => {
    const { page, context, complaints } = await desk(city, 'shouli');
    await page.goto('/intake');
    await page.locator('[data-pick-place]').focus();
    await page.keyboard.press('Enter');
    await drawn(page);
    await page.locator('.pick-map canvas').focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-place-told]', { hasText: '青浦区' }).waitFor();
    const lon = Number(await page.locator('#lon').inputValue());
    expect(lon).toBeGreaterThan(120.9);
    expect(await page.locator('#system').inputValue()).toBe('cgcs2000');
    // The corner of the view lies outside.
    const canvas = await page.locator('.pick-map canvas').boundingBox();
    await page.mouse.click((canvas?.x ?? 0) + 8, (canvas?.y ?? 0) + 8);
    await page.locator('[data-place-told].wrong', { hasText: '不在本市范围内' }).waitFor();
    await page.locator('#text').fill('路口积水，地图选点');
    await page.getByRole('combobox', { name: '小类' }).fill('道路积水');
    await page.locator('[role="listbox"]:visible [role="option"]', { hasText: '道路积水' }).first().click();
    await page.keyboard.press('Control+Enter');
    await page.waitForTimeout(500);
    expect(await page.locator('.notice.ok').count()).toBe(0);
    await page.locator('.pick-map canvas').focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForTimeout(500);
    await page.keyboard.press('Enter');
    await page.locator('[data-place-told]:not(.wrong)', { hasText: '青浦区' }).waitFor();
    const picked = Number(await page.locator('#lon').inputValue());
    expect(picked).toBeGreaterThan(lon);
    await page.keyboard.press('Control+Enter');
    await page.locator('[data-opened]').click();
    await page.locator('article[data-case]').waitFor();
    const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    expect((await ask<Listed>(page, 'GET', `cases/${id}`)).body.lon).toBeCloseTo(picked, 5);
    expect(complaints).toEqual([]);
    await context.close();
  }, 90_000);

  it('shows what else lies near a case, and leads there', async () => {
    const { page, context } = await desk(city, 'shouli');
    const one = await caseAt(page, '井盖松动', 121.1111, 31.1555);
    const other = await caseAt(page, '井盖松动，又来电', 121.1112, 31.1555);
    const far = await caseAt(page, '井盖松动，另一处', 121.1211, 31.1555);
    await page.goto(`/cases/${one}`);
    await drawn(page);
    await page.locator(`[data-near="${other}"]`).waitFor();
    expect(await page.locator(`[data-near="${far}"]`).count()).toBe(0);
    await page.locator('.map-view[data-points="1"][data-marked="121.1111,31.1555"]').waitFor();
    await page.locator(`[data-near="${other}"] a`).click();
    await page.locator(`article[data-case="${other}"]`).waitFor();
    await page.locator(`[data-near="${one}"]`).waitFor();
    await context.close();
  }, 60_000);
});
