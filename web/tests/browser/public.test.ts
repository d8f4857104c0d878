// What the desk gives to everybody: photos released, codes to scan; and pages that do not come.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, desk, filedCase, openCity, type City, type Desk } from './city';
import { phone, shoot } from './phone';

let city: City;
let clerk: Desk;
let leader: Desk;
beforeAll(async () => {
  city = await openCity();
  clerk = await desk(city, 'shouli');
  leader = await desk(city, 'zhibanzhang');
}, 90_000);
afterAll(async () => { await city.close(); });

const caseNo = async (id: string): Promise<string> => (await ask<{ case_no: string }>(leader.page, 'GET', `cases/${id}`)).body.case_no;

describe('what everybody may see', () => {
  it('is released at the desk, photo by photo, is there for everybody, and is taken back', async () => {
    const citizen = await phone(city, '/m');
    await citizen.page.getByText('已定位').waitFor();
    await shoot(citizen.page, 81);
    await citizen.page.locator('#words').fill('小区门口积水');
    await citizen.page.getByRole('button', { name: '道路积水' }).tap();
    await citizen.page.getByRole('button', { name: '提交上报' }).tap();
    await citizen.page.getByText('已收到，编号').waitFor();
    const reports = await ask<{ items: { id: string; title: string }[] }>(clerk.page, 'GET', 'reports?limit=200');
    const report = reports.body.items.find((each) => each.title.includes('小区门口积水'));
    const standard = (await ask<{ items: { id: string }[] }>(clerk.page, 'GET', 'standards')).body.items[0]?.id ?? '';
    const categories = (await ask<{ items: { id: string; name: string; kind: string }[] }>(clerk.page, 'GET', `standards/${standard}/categories?limit=200`)).body.items;
    const category = categories.find((each) => each.kind === 'event' && each.name === '道路积水')?.id ?? '';
    const accepted = await ask<{ opened: { id: string; case_no: string }[] }>(clerk.page, 'POST', `reports/${report?.id}/accept`, { open_cases: [{ category_id: category, process: 'hotline' }] });
    const { id, case_no: no } = accepted.body.opened[0] ?? { id: '', case_no: '' };
    const shown = citizen.page.locator('main');
    await citizen.page.goto(`/m#/c/${no}`);
    await shown.getByRole('heading', { name: '道路积水' }).waitFor();
    expect(await shown.locator('.photos img').count()).toBe(0);

    const { page } = leader;
    await page.goto(`/cases/${id}`);
    const block = page.locator('[data-public]');
    await block.getByText('0 张（共 1 张）').waitFor();
    await block.locator('[data-public-edit]').click();
    await block.getByLabel('公开标题').fill('小区出入口积水，正在抽排');
    await block.locator('.public-one input').check();
    await block.getByRole('button', { name: '保存' }).click();
    await block.getByText('1 张（共 1 张）').waitFor();
    expect(await block.getByRole('link').getAttribute('href')).toBe(`${city.base}/m#/c/${no}`);

    await citizen.page.reload();
    await shown.getByText('小区出入口积水，正在抽排').waitFor();
    await expect.poll(() => shown.locator('.photos img').evaluateAll((all) => all.map((each) => (each as HTMLImageElement).naturalWidth > 0))).toEqual([true]);

    await block.locator('[data-public-edit]').click();
    await block.locator('input[name=hidden]').check();
    await block.getByRole('button', { name: '保存' }).click();
    await block.getByText('已设为不公开').waitFor();
    await citizen.page.reload();
    await shown.getByText('没有这件案卷，或者不公开').waitFor();
    expect(leader.complaints).toEqual([]);
    expect(citizen.complaints).toEqual([]);
    await citizen.context.close();
  });

  it('is not offered to who may not decide on it, nor of what is no public matter', async () => {
    const id = await filedCase(clerk.page, leader.page, '派遣员看不到公开块');
    const dispatcher = await desk(city, 'paiqian');
    await dispatcher.page.goto(`/cases/${id}`);
    await dispatcher.page.locator('[data-case] .facts').first().waitFor();
    expect(await dispatcher.page.locator('[data-public]').count()).toBe(0);
    await dispatcher.context.close();
  });
});

describe('codes to scan', () => {
  it('stand on the sheets of a case and open what everybody may see of it', async () => {
    const id = await filedCase(clerk.page, leader.page, '立案单上有码');
    const { page } = leader;
    await page.goto(`/print/filing/${id}`);
    const code = page.locator('.sheet [data-qr]');
    await code.waitFor();
    const text = await code.getAttribute('data-qr') ?? '';
    expect(text).toBe(`${city.base}/m#/c/${await caseNo(id)}`);
    // Drawn: the three corners that scanners look for, and a good deal between them.
    expect((await code.locator('path').getAttribute('d'))?.length ?? 0).toBeGreaterThan(2_000);
    const scanned = await phone(city, text.slice(city.base.length));
    await scanned.page.getByRole('heading', { name: '道路积水' }).waitFor();
    await scanned.context.close();
    // Who may see nothing gets no code.
    expect((await ask(page, 'PUT', `cases/${id}/publication`, { is_hidden: true })).status).toBe(200);
    await page.goto(`/print/filing/${id}`);
    await page.locator('.signs').waitFor();
    await page.waitForLoadState('networkidle');
    expect(await code.count()).toBe(0);
  });

  it('stand on labels of components, 24 a sheet, and open a report about just that one', async () => {
    const water = await desk(city, 'shuiwu');
    for (let n = 1; n <= 25; n += 1) {
      const made = await ask<unknown>(water.page, 'POST', 'components', {
        code: `3101180101${String(n).padStart(6, '0')}`, name: `上水井盖${n}号`, geometry: { type: 'Point', coordinates: [121.12 + n / 10_000, 31.15] },
        supervisor_id: (await ask<{ items: { id: string; code: string }[] }>(water.page, 'GET', 'organisations?limit=200')).body.items.find((each) => each.code === 'SWJ')?.id,
      });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
    }
    const { page } = water;
    await page.goto('/account');
    await page.getByRole('link', { name: '部件标签' }).click();
    await page.getByText('请选择区域或类别').waitFor();
    await page.getByRole('combobox', { name: '类别' }).fill('上水井盖');
    await page.locator('[role="listbox"]:visible [role="option"]', { hasText: '上水井盖' }).first().click();
    await page.locator('[data-qr]').nth(24).waitFor();
    expect(await page.locator('.labels').count()).toBe(2);
    expect(await page.locator('.labels').first().locator('.label-one').count()).toBe(24);
    const label = page.locator('[data-component="3101180101000007"] [data-qr]');
    const text = await label.getAttribute('data-qr') ?? '';
    expect(text).toBe(`${city.base}/m#/k/3101180101000007`);
    const scanned = await phone(city, text.slice(city.base.length));
    await scanned.page.getByText('部件：上水井盖7号').waitFor();
    await scanned.page.locator('#words').fill('井盖松动有响声');
    await scanned.page.getByRole('button', { name: '提交上报' }).tap();
    await scanned.page.getByText('已收到，编号').waitFor();
    for (const each of [scanned.context, water.context]) await each.close();
  });
});

describe('a place', () => {
  it('is told in words that people use, without an accuracy that is none', async () => {
    const { page, context } = await phone(city, '/m');
    await page.getByText('已定位').waitFor();
    await page.getByText('街道').first().waitFor();
    expect(await page.locator('form').textContent()).not.toMatch(/误差约 0|网格/);
    await context.setGeolocation({ longitude: 121.1201, latitude: 31.1501, accuracy: 35 });
    await page.getByRole('button', { name: '重新定位' }).tap();
    await page.getByText('误差约 35 米').waitFor();
    await context.close();
  });
});

describe('a page that does not come', () => {
  it('is said not to, and comes when it is loaded again', async () => {
    const { page, context } = await desk(city, 'zhibanzhang');
    let isAway = true;
    await page.route(/\/assets\/(ReportsPage|NoticesPage)[^/]*\.js/, (route) => (isAway ? route.abort() : route.continue()));
    await page.getByRole('link', { name: '诉求' }).first().click();
    const lost = page.locator('[data-lost]');
    await lost.getByText('页面没有取到').waitFor();
    // Other pages still come.
    await page.getByRole('link', { name: '案卷' }).first().click();
    await page.locator('.grid-row').first().waitFor();
    expect(await lost.count()).toBe(0);
    await page.getByRole('link', { name: '诉求' }).first().click();
    await lost.waitFor();
    isAway = false;
    await lost.getByRole('button', { name: '重新加载' }).click();
    await page.waitForURL((url) => url.pathname === '/reports');
    await page.getByText('诉求池').first().waitFor();
    await context.close();
  });

  it('is said not to on phones too', async () => {
    const { page, context } = await phone(city, '/pages/mark.svg', { withoutWorker: true });
    let isAway = true;
    await page.route(/\/assets\/FindPage[^/]*\.js/, (route) => (isAway ? route.abort() : route.continue()));
    await page.goto('/m#/find');
    const lost = page.locator('[data-lost]');
    await lost.waitFor();
    isAway = false;
    await lost.getByRole('button', { name: '刷新' }).tap();
    await page.locator('#no').waitFor();
    await context.close();
  });

  it.each(['/sign-in', '/m'])('an old browser is told at %s that it is too old, and no other', async (path) => {
    const fresh = await phone(city, path);
    await fresh.page.locator('main').waitFor();
    expect(await fresh.page.locator('#too-old').isVisible()).toBe(false);
    await fresh.context.close();
    const context = await city.browser.newContext({ baseURL: city.base });
    // As Chrome 99 has it.
    await context.addInitScript(() => { delete (AbortSignal.prototype as { throwIfAborted?: unknown }).throwIfAborted; });
    const page = await context.newPage();
    await page.goto(path);
    await page.locator('#too-old').waitFor({ state: 'visible' });
    await context.close();
  });
});

describe('keys', () => {
  it('Ctrl K opens a report that has no case yet', async () => {
    const made = await ask<unknown>(clerk.page, 'POST', 'reports', { source: 'hotline', title: '还没有立案的噪声', place: { area_code: '310118001' } });
    expect(made.status).toBe(201);
    // The index follows within moments.
    await expect.poll(async () => (await ask<{ items: unknown[] }>(clerk.page, 'GET', `search?kind=report&q=${encodeURIComponent('还没有立案的噪声')}`)).body.items.length, { timeout: 15_000 }).toBeGreaterThan(0);
    const { page } = clerk;
    await page.goto('/reports');
    await page.getByText('诉求池').first().waitFor();
    await page.keyboard.press('Control+k');
    await page.locator('.palette input').fill('还没有立案的噪声');
    await page.locator('.palette [role="option"].active', { hasText: '待受理' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname.startsWith('/reports/'));
    await page.getByText('还没有立案的噪声').first().waitFor();
  });

  it('D and a number dispatch to whom is suggested or was chosen last', async () => {
    const dispatcher = await desk(city, 'paiqian');
    const { page } = dispatcher;
    const first = await filedCase(clerk.page, leader.page, '第一件用名字派');
    await page.goto(`/cases/${first}`);
    await page.locator('[data-operation="case_dispatch"]').waitFor();
    await page.keyboard.press('d');
    await page.locator('.suggestion').waitFor();
    await page.getByRole('combobox', { name: '主办单位' }).fill('盈浦街道');
    await page.locator('[role="listbox"]:visible [role="option"]', { hasText: '盈浦街道' }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+Enter');
    await page.locator('[data-stage="handling"]').waitFor();

    const second = await filedCase(clerk.page, leader.page, '第二件用数字派');
    await page.goto(`/cases/${second}`);
    await page.locator('[data-operation="case_dispatch"]').waitFor();
    await page.keyboard.press('d');
    const lately = page.locator('[data-digit]', { hasText: '盈浦街道' });
    await lately.waitFor();
    const digit = await lately.getAttribute('data-digit') ?? '';
    expect(await lately.getAttribute('aria-pressed')).toBe('false');
    await page.keyboard.press(digit);
    expect(await lately.getAttribute('aria-pressed')).toBe('true');
    expect(await page.getByRole('combobox', { name: '主办单位' }).inputValue()).toContain('盈浦街道');
    await page.keyboard.press('Control+Enter');
    await page.locator('[data-stage="handling"]').waitFor();
    const given = await ask<{ tasks: { organisation: { name: string } }[] }>(page, 'GET', `cases/${second}`);
    expect(given.body.tasks.map((task) => task.organisation.name)).toEqual(['盈浦街道城运中心']);
    // What is typed as part of a name stays text.
    const third = await filedCase(clerk.page, leader.page, '第三件输入数字');
    await page.goto(`/cases/${third}`);
    await page.locator('[data-operation="case_dispatch"]').waitFor();
    await page.keyboard.press('d');
    await lately.waitFor();
    const field = page.getByRole('combobox', { name: '主办单位' });
    await field.fill('第');
    await field.press(digit);
    expect(await field.inputValue()).toBe(`第${digit}`);
    await dispatcher.context.close();
  });
});
