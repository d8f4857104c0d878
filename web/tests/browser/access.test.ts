// Every page in both themes, wide and narrow: what axe calls serious is an error, and so is a page that is wider than its screen.

import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, desk, openCity, type City } from './city';

let city: City;
/** A case that two have handled, and the report of it: `:case` and `:report` of the addresses below. */
let real: Record<string, string> = {};
beforeAll(async () => {
  city = await openCity();
  const { page, context } = await desk(city, 'zhibanzhang');
  const found = (await ask<{ items: { id: string }[] }>(page, 'GET', 'cases?stage=inspecting&limit=1')).body.items[0]?.id ?? '';
  const view = (await ask<{ report_ids: string[] }>(page, 'GET', `cases/${found}`)).body;
  real = { ':case': found, ':report': view.report_ids[0] ?? '' };
  await context.close();
}, 90_000);
afterAll(async () => { await city.close(); });

interface Finding {
  impact?: string | null;
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** The watermark across a sheet is decoration, hidden from readers of screens, and pale on purpose. */
async function findings(page: import('playwright-core').Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const run = (globalThis as unknown as { axe: { run: (context: object, options: object) => Promise<{ violations: Finding[] }> } }).axe;
    return (await run.run({ exclude: ['.watermark'] }, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })).violations;
  });
  return found.filter((each) => each.impact === 'serious' || each.impact === 'critical')
    .flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.html.slice(0, 160)} ${node.failureSummary?.slice(0, 200) ?? ''}`));
}

const ROUTES: readonly { login: string; path: string; wait: string; keys?: string[] }[] = [
  { login: 'zhibanzhang', path: '/cases', wait: '.grid-row, .state' },
  { login: 'zhibanzhang', path: '/cases?box=doing', wait: '.grid-row', keys: ['j', 'Enter'] },
  { login: 'zhibanzhang', path: '/cases?box=watched', wait: '.state' },
  { login: 'zhibanzhang', path: '/cases?box=todo&stage=accepted', wait: '.grid-row', keys: ['j', 'Enter', 'f'] },
  { login: 'zhibanzhang', path: '/cases', wait: '.bar', keys: ['?'] },
  { login: 'zhibanzhang', path: '/cases/1', wait: '.state' },
  { login: 'paiqian', path: '/cases?box=todo', wait: '.grid-row', keys: ['j', 'Enter', 'd'] },
  { login: 'shuiwu', path: '/inbox', wait: '.grid-row, .state', keys: ['j', 'Enter'] },
  { login: 'shouli', path: '/intake', wait: '.intake' },
  { login: 'zhibanzhang', path: '/cases?box=doing', wait: '.map-view[data-drawn], .grid-row', keys: ['m'] },
  { login: 'paiqian', path: '/cases?box=todo', wait: '.grid-row', keys: ['j', 'x', 'd'] },
  { login: 'shouli', path: '/reports', wait: '.grid-row, .state', keys: ['j', 'Enter', 'f'] },
  { login: 'shouli', path: '/reports?tab=doing', wait: '.grid-row, .state', keys: ['j', 'Enter'] },
  { login: 'lingdao', path: '/supervise', wait: '.grid-row, .state', keys: ['j', 'Enter'] },
  { login: 'lingdao', path: '/supervise?tab=to_decide', wait: '.grid-row, .state' },
  { login: 'shuiwu', path: '/notices', wait: '.notices, .state' },
  { login: 'zhibanzhang', path: '/cases/:case', wait: '.story', keys: ['Shift+U'] },
  { login: 'jianduyuan', path: '/cases/:case', wait: '.story', keys: ['i', 'ArrowRight'] },
  { login: 'zhibanzhang', path: '/reports/:report', wait: '.story' },
  { login: 'xiayang', path: '/inbox?box=doing', wait: '.grid-row', keys: ['j', 'Enter', 'e'] },
  { login: 'xiayang', path: '/inbox', wait: '.grid-row', keys: ['j', 'Enter', 'r'] },
  { login: 'jianduyuan', path: '/intake', wait: '.outcomes', keys: ['Tab', 'Control+Enter'] },
  { login: 'lingdao', path: '/supervise?tab=escalated', wait: '.grid-row, .state' },
  { login: 'jianguan', path: '/account', wait: '[data-session="here"]' },
  { login: 'zhibanzhang', path: '/print/filing/:case', wait: '.sheet footer' },
  { login: 'zhibanzhang', path: '/print/dispatch/:case', wait: '.sheet footer' },
  { login: 'zhibanzhang', path: '/print/inspection/:case', wait: '.sheet footer' },
  { login: 'zhibanzhang', path: '/print/filing/1', wait: '.state' },
  { login: 'shuiwu', path: '/print/components', wait: '.state' },
  { login: 'anquan', path: '/account', wait: '.password-form' },
  { login: 'anquan', path: '/cases', wait: '.state' },
];

describe.each([false, true])('dark: %s', (dark) => {
  it('the sign-in page has nothing serious', async () => {
    const context = await city.browser.newContext({ baseURL: city.base, colorScheme: dark ? 'dark' : 'light' });
    const page = await context.newPage();
    await page.goto('/sign-in');
    await page.locator('#login').waitFor();
    expect(await findings(page)).toEqual([]);
    await context.close();
  }, 60_000);

  it.each(ROUTES)('$login on $path has nothing serious', async ({ login, path, wait, keys }) => {
    const { page, context, complaints } = await desk(city, login, { dark });
    await page.goto(path.replace(/:(case|report)/, (name) => real[name] ?? ''));
    await page.locator(wait).first().waitFor();
    for (const key of keys ?? []) {
      await page.keyboard.press(key);
      await page.waitForTimeout(400);
    }
    // Made narrow with everything open; and on the large screens of a centre nothing stands out either, to the side or below.
    for (const [width, height] of [[1440, 900], [1920, 1080], [390, 844]] as const) {
      await page.setViewportSize({ width, height });
      await page.waitForTimeout(200);
      if (width !== 1920) expect(await findings(page), `${width}`).toEqual([]);
      const [wide, high] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
      expect(wide, `${width}`).toBeLessThanOrEqual(width);
      if (width === 1920) expect(high).toBeLessThanOrEqual(height);
      expect(complaints).toEqual([]);
    }
    await context.close();
  }, 60_000);
});
