// Lists of tasks, of reports and of what is supervised: each is its address, and says what it is when there is nothing to show. And what an
// input method composes is nobody's command.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { desk, openCity, type City } from './city';

let city: City;
beforeAll(async () => { city = await openCity(); }, 90_000);
afterAll(async () => { await city.close(); });

const LISTS = [
  { login: 'xiayang', path: '/inbox', box: 'doing', key: 'box', shows: 'task', api: '**/api/v1/tasks?*', forbidden: 'xitong' },
  { login: 'zhibanzhang', path: '/reports', box: 'doing', key: 'tab', shows: 'report', api: '**/api/v1/reports?*', forbidden: 'shuiwu' },
  { login: 'zhibanzhang', path: '/supervise', box: 'overdue', key: 'tab', shows: 'case', api: '**/api/v1/cases?*', forbidden: 'xitong' },
] as const;

describe.each(LISTS)('the list at $path', ({ login, path, box, key, shows, api, forbidden }) => {
  it('is its address: the box and what is shown survive a reload and the way back', async () => {
    const { page, context, complaints } = await desk(city, login);
    // Nothing is late in a city that has just begun.
    if (path === '/supervise') {
      const item = { id: '1', case_no: 'A-1', version: 1, stage: 'handling', level: 'normal', source: 'hotline', title: '超期的一件', rework_count: 0, awaits_dispatch: false, accepted_at: '2026-11-20T09:00:00+08:00', updated_at: '2026-11-20T09:00:00+08:00', clock: { started_at: '2026-11-20T09:00:00+08:00', yellow_at: '2026-11-20T10:00:00+08:00', due_at: '2026-11-20T11:00:00+08:00' } };
      await page.route('**/api/v1/cases?*', (route) => route.fulfill({ json: { items: [item] } }));
    }
    await page.goto(path);
    await page.locator(`[data-box="${box}"]`).click();
    if (path !== '/supervise') await page.waitForURL((url) => url.searchParams.get(key) === box);
    await page.locator('.grid-row').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.has(shows));
    await page.locator('.desk-detail').waitFor();
    const address = page.url();
    const shown = await page.locator('.grid-row.active').getAttribute('data-id');
    await page.reload();
    await page.locator(`.grid-row.active[data-id="${shown}"]`).waitFor();
    expect(page.url()).toBe(address);
    await page.goto('/account');
    await page.goBack();
    await page.locator(`.grid-row.active[data-id="${shown}"]`).waitFor();
    expect(page.url()).toBe(address);
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => !url.searchParams.has(shows));
    expect(complaints).toEqual([]);
    await context.close();
  }, 60_000);

  it('says that it is loading, that it is empty, that it failed with the number to quote, and to whom it is closed', async () => {
    const { page, context } = await desk(city, login);
    let answer: 'wait' | 'empty' | 'fail' | 'pass' = 'wait';
    const waiting: (() => void)[] = [];
    await page.route(api, async (route) => {
      if (answer === 'wait') await new Promise<void>((resolve) => { waiting.push(resolve); });
      if (answer === 'fail') return route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify({ status: 500, code: 'fault', title: '系统故障', request_id: 'r-23' }) });
      return answer === 'pass' ? route.continue() : route.fulfill({ json: { items: [] } });
    });
    await page.goto(path);
    await page.locator('.grid[aria-busy="true"] .grid-wait').waitFor();
    answer = 'empty';
    for (const go of waiting) go();
    await page.locator('.desk-list .state').waitFor();
    expect(await page.locator('.desk-list .state[role="alert"]').count()).toBe(0);
    answer = 'fail';
    await page.reload();
    await page.locator('.desk-list .state[role="alert"]', { hasText: 'r-23' }).waitFor();
    answer = 'pass';
    await page.getByRole('button', { name: '重试' }).click();
    await page.locator('.desk-list .grid-row, .desk-list .state:not([role])').first().waitFor();
    await context.close();
    const other = await desk(city, forbidden);
    await other.page.goto(path);
    await other.page.getByText('没有权限').waitFor();
    expect(await other.page.locator('.desk-list').count()).toBe(0);
    await other.context.close();
  }, 60_000);
});

describe('an input method', () => {
  it('that composes sends nothing, searches nothing and gives no command by its Enter', async () => {
    const { page, context } = await desk(city, 'shouli');
    const asked: string[] = [];
    const alike: string[] = [];
    // Alike cases are looked for by what is written, never by what is composed.
    page.on('request', (request) => {
      if (request.url().endsWith('/cases/similar')) alike.push(request.postData() ?? '');
      else if (request.method() === 'POST' || /\/(search|places)\?/.test(request.url())) asked.push(request.url());
    });
    const method = await context.newCDPSession(page);
    const compose = (text: string) => method.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length });
    // What a composing keyboard sends for Enter: the key is the method's (229).
    const enter = async (modifiers = 0): Promise<void> => {
      for (const type of ['rawKeyDown', 'keyUp'] as const) await method.send('Input.dispatchKeyEvent', { type, key: 'Process', code: 'Enter', windowsVirtualKeyCode: 229, modifiers });
    };
    await page.locator('#text').waitFor();
    await compose('jingai');
    await enter();
    await enter(2);
    await method.send('Input.insertText', { text: '井盖缺失' });
    expect(await page.locator('#text').inputValue()).toBe('井盖缺失');
    await page.locator('#address').focus();
    await compose('xiayang');
    await enter();
    await page.waitForTimeout(600);
    expect(await page.locator('.place-find .options').isVisible()).toBe(false);
    await compose('');
    await page.getByRole('combobox', { name: '小类' }).focus();
    await compose('jishui');
    await enter();
    await method.send('Input.insertText', { text: '积水' });
    await page.keyboard.press('Control+k');
    await page.locator('.palette input').waitFor();
    await compose('jinggai');
    await enter();
    await page.waitForTimeout(600);
    expect(await page.locator('.palette').isVisible()).toBe(true);
    expect(new URL(page.url()).pathname).toBe('/intake');
    expect(asked).toEqual([]);
    expect(alike.join()).toContain('井盖缺失');
    expect(alike.join()).not.toMatch(/jingai|xiayang|jishui/);
    expect(await page.locator('[data-done], .notice.late, [aria-invalid="true"]').count()).toBe(0);
    // Once it is there it is looked for.
    await method.send('Input.insertText', { text: '井盖' });
    await page.locator('.palette [role="option"] mark').first().waitFor();
    await context.close();
  }, 60_000);
});
