// Citizens, inspectors and handlers on their phones, before the built program.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, desk, openCity, type City, type Desk } from './city';
import { phone, picture, shoot, signIn, slow } from './phone';

const FIRST_SCREEN_KB_MAX = 60;
const FIRST_PAINT_MS_MAX = 2_000;

let city: City;
let clerk: Desk;
let leader: Desk;
beforeAll(async () => {
  city = await openCity();
  clerk = await desk(city, 'shouli');
  leader = await desk(city, 'zhibanzhang');
}, 90_000);
afterAll(async () => { await city.close(); });

interface Listed { id: string; report_no: string }

const reported = async (words: string): Promise<string[]> => {
  const { body } = await ask<{ items: (Listed & { title: string })[] }>(clerk.page, 'GET', 'reports?limit=200');
  return body.items.filter((each) => each.title.includes(words)).map((each) => each.id);
};

async function categoryOf(name: string): Promise<string> {
  const { body } = await ask<{ items: { id: string }[] }>(clerk.page, 'GET', 'standards');
  const found = await ask<{ items: { id: string; name: string; kind: string }[] }>(clerk.page, 'GET', `standards/${body.items[0]?.id}/categories?limit=200`);
  return found.body.items.find((each) => each.name === name && each.kind === 'event')?.id ?? '';
}

async function axe(page: Page): Promise<string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  return await page.evaluate(async () => {
    const run = (window as unknown as { axe: { run: (options: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } }).axe;
    const { violations } = await run.run({ runOnly: ['wcag2a', 'wcag2aa'] });
    return violations.map((each) => `${each.id}: ${each.nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' ')}`);
  });
}

/** What may be touched and is smaller than a finger. */
const tooSmall = (page: Page): Promise<string[]> => page.evaluate(() => [...document.querySelectorAll('button, a, input:not(.sr), select, textarea')]
  .map((each) => ({ each, box: each.getBoundingClientRect() }))
  .filter(({ box }) => box.width > 0 && (box.height < 44 || box.width < 44))
  .map(({ each, box }) => `${each.outerHTML.slice(0, 80)} ${Math.round(box.width)}x${Math.round(box.height)}`));

describe('a citizen', () => {
  it('reports with four taps, and it is there with its photo, made small', async () => {
    const { page, context, complaints } = await phone(city, '/m');
    await page.getByText('已定位').waitFor();
    await shoot(page, 7);
    await page.locator('#words').fill('路口积水没过脚踝');
    const suggested = page.getByRole('button', { name: '道路积水' });
    await suggested.tap();
    await page.locator('#phone').fill('13812340001');
    await page.getByRole('button', { name: '提交上报' }).tap();
    await page.getByText('已收到，编号').waitFor();
    const [id] = await reported('路口积水没过脚踝');
    const seen = await ask<{ attachments: { size_bytes: number; width: number; kind: string }[]; title: string; reporter: { phone: string } }>(clerk.page, 'GET', `reports/${id}`);
    expect(seen.body.title).toBe('道路积水：路口积水没过脚踝');
    expect(seen.body.attachments).toHaveLength(1);
    expect(seen.body.attachments[0]?.kind).toBe('jpeg');
    expect(seen.body.attachments[0]?.size_bytes).toBeLessThanOrEqual(400 * 1024);
    expect(seen.body.attachments[0]?.width).toBeGreaterThanOrEqual(800);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('follows by number and a code that only the phone gets', async () => {
    const { page, context } = await phone(city, '/m');
    await page.locator('#words').fill('井盖没了要查询');
    await page.locator('#address').fill('青松路口');
    await page.locator('#phone').fill('13812340077');
    await page.getByRole('button', { name: '提交上报' }).tap();
    const told = await page.getByText('已收到，编号').textContent();
    const reportNo = /编号 (\S+)/.exec(told ?? '')?.[1] ?? '';
    await context.close();

    const other = await phone(city, '/m#/find');
    await other.page.locator('#no').fill(reportNo);
    await other.page.locator('#phone').fill('138 1234 0077');
    await other.page.getByRole('button', { name: '获取验证码' }).tap();
    await other.page.getByText('如果编号和手机号对得上').waitFor();
    await expect.poll(() => new RegExp(`验证码(\\d{6})[^\\n]*${reportNo}`).exec(city.log())?.[1] ?? '', { timeout: 10_000 }).toMatch(/^\d{6}$/);
    const code = new RegExp(`验证码(\\d{6})[^\\n]*${reportNo}`).exec(city.log())?.[1] ?? '';
    expect(city.log()).not.toContain('13812340077');
    await other.page.locator('#code').fill(code === '000000' ? '000001' : '000000');
    await other.page.getByRole('button', { name: '查询', exact: true }).tap();
    await other.page.getByRole('alert').waitFor();
    await other.page.locator('#code').fill(code);
    await other.page.getByRole('button', { name: '查询', exact: true }).tap();
    await other.page.getByText('已收到，工作人员正在查看').waitFor();
    await other.context.close();
  });
});

describe('the whole loop', () => {
  it('goes from a citizen to the desk, a handler, an inspector and back, all on phones but the desk', async () => {
    const citizen = await phone(city, '/m');
    await citizen.page.getByText('已定位').waitFor();
    await shoot(citizen.page, 11);
    await citizen.page.locator('#words').fill('桥下积水车过不去');
    await citizen.page.getByRole('button', { name: '道路积水' }).tap();
    await citizen.page.locator('#phone').fill('13812340002');
    await citizen.page.getByRole('button', { name: '提交上报' }).tap();
    await citizen.page.getByText('已收到，编号').waitFor();
    await citizen.page.getByRole('link', { name: '看办理情况' }).tap();
    await citizen.page.getByText('已收到，工作人员正在查看').waitFor();

    const [reportId] = await reported('桥下积水车过不去');
    const accepted = await ask<{ opened: { id: string; case_no: string }[] }>(clerk.page, 'POST', `reports/${reportId}/accept`, { open_cases: [{ category_id: await categoryOf('道路积水'), process: 'hotline' }] });
    const file = accepted.body.opened[0] ?? { id: '', case_no: '' };
    const organisations = await ask<{ items: { id: string; code: string }[] }>(leader.page, 'GET', 'organisations?limit=200');
    const water = organisations.body.items.find((each) => each.code === 'SWJ')?.id ?? '';
    const given = await ask(leader.page, 'POST', `cases/${file.id}/dispatch`, { lead_organisation_id: water });
    expect(given.status).toBe(200);

    const handler = await phone(city, '/m/i');
    await signIn(handler.page, 'shuiwu');
    await handler.page.getByText('桥下积水车过不去').first().tap();
    await handler.page.getByRole('button', { name: '签收' }).tap();
    await handler.page.getByRole('button', { name: '提交' }).tap();
    await handler.page.getByRole('button', { name: /办结|处置反馈|办理反馈/ }).first().waitFor();
    await handler.page.getByRole('button', { name: /办结|处置反馈|办理反馈/ }).first().tap();
    await handler.page.getByText('对着办前照片').waitFor();
    await handler.page.locator('textarea').fill('水已抽干，泵已修好');
    await shoot(handler.page, 13);
    await handler.page.getByRole('button', { name: '提交' }).tap();
    await expect.poll(async () => (await ask<{ stage: string }>(leader.page, 'GET', `cases/${file.id}`)).body.stage, { timeout: 20_000 }).toBe('inspecting');
    expect(handler.complaints).toEqual([]);
    await handler.context.close();

    const looked = await ask(leader.page, 'POST', `cases/${file.id}/inspect-result`, { passed: true });
    expect(looked.status).toBe(200);
    await citizen.page.reload();
    await citizen.page.getByText('已办完，等您确认').waitFor();
    await citizen.page.getByText('水已抽干，泵已修好').waitFor();
    await citizen.page.getByRole('button', { name: '解决了', exact: true }).tap();
    await citizen.page.getByRole('button', { name: '非常满意', exact: true }).tap();
    await citizen.page.getByRole('button', { name: '提交', exact: true }).tap();
    await citizen.page.getByText('您的评价：非常满意').waitFor();
    await citizen.page.getByText('已办结').first().waitFor();
    const settled = await ask<{ stage: string; called_back: { satisfaction: string } }>(clerk.page, 'GET', `reports/${reportId}`);
    expect(settled.body.stage).toBe('settled');
    expect(settled.body.called_back.satisfaction).toBe('very_satisfied');
    // The QR code of the case opens what everybody may see of it, and nothing that was told.
    await citizen.page.goto(`/m#/c/${file.case_no}`);
    await citizen.page.getByText('道路积水').first().waitFor();
    expect(await citizen.page.locator('main').textContent()).not.toContain('桥下');
    expect(citizen.complaints).toEqual([]);
    await citizen.context.close();
  });

  it('an inspector inspects on a phone with a photo from the same angle', async () => {
    const made = await ask<{ case: { id: string } }>(clerk.page, 'POST', 'reports', {
      source: 'inspector', title: '雨水口要核查', place: { lon: 121.12, lat: 31.15 }, open_case: { category_id: await categoryOf('道路积水') },
    });
    const { id } = made.body.case;
    const rules = await ask<{ rule_rows: { id: string }[] }>(clerk.page, 'GET', `categories/${await categoryOf('道路积水')}`);
    await ask(leader.page, 'POST', `cases/${id}/file`, { rule_row_id: rules.body.rule_rows[0]?.id });
    const dispatcher = await desk(city, 'paiqian');
    const organisations = await ask<{ items: { id: string; code: string }[] }>(dispatcher.page, 'GET', 'organisations?limit=200');
    const given = await ask<{ tasks: { id: string }[] }>(dispatcher.page, 'POST', `cases/${id}/dispatch`, { lead_organisation_id: organisations.body.items.find((each) => each.code === 'SWJ')?.id });
    const water = await desk(city, 'shuiwu');
    await ask(water.page, 'POST', `tasks/${given.body.tasks[0]?.id}/accept`, {});
    await ask(water.page, 'POST', `tasks/${given.body.tasks[0]?.id}/finish`, { result: '已清' });

    const inspector = await phone(city, '/m/i');
    await signIn(inspector.page, 'jianduyuan');
    await inspector.page.getByText('雨水口要核查').first().tap();
    await inspector.page.getByRole('button', { name: /核查/ }).first().tap();
    await inspector.page.getByRole('button', { name: '合格', exact: true }).tap();
    await shoot(inspector.page, 17);
    await inspector.page.getByRole('button', { name: '提交' }).tap();
    await expect.poll(async () => (await ask<{ stage: string }>(leader.page, 'GET', `cases/${id}`)).body.stage, { timeout: 20_000 }).toBe('closing');
    const seen = await ask<{ attachments: { stage: string }[] }>(leader.page, 'GET', `cases/${id}`);
    expect(seen.body.attachments.map((each) => each.stage)).toEqual(['inspected']);
    expect(inspector.complaints).toEqual([]);
    for (const each of [inspector.context, dispatcher.context, water.context]) await each.close();
  });
});

describe('without network', () => {
  it('three reports wait in the phone, and arrive once each when it is back', async () => {
    const { page, context } = await phone(city, '/m');
    await page.getByText('已定位').waitFor();
    await context.setOffline(true);
    for (const n of [1, 2, 3]) {
      await page.locator('#words').fill(`断网上报第${n}件`);
      await shoot(page, 100 + n);
      await page.getByRole('button', { name: '提交上报' }).tap();
      await page.getByText('还在手机里').waitFor();
      await page.getByRole('button', { name: '再报一件' }).tap();
    }
    await page.goto('/m#/mine').catch(() => {});
    await page.getByText('现在没有网络').waitFor();
    expect(await page.locator('[data-state=waiting]').count()).toBe(3);
    expect(await reported('断网上报')).toHaveLength(0);
    await context.setOffline(false);
    await page.getByRole('button', { name: '立即发送全部' }).tap();
    await expect.poll(async () => (await reported('断网上报')).length, { timeout: 30_000 }).toBe(3);
    await expect.poll(() => page.locator('[data-state=sent]').count()).toBe(3);
    await page.reload();
    await page.getByText('已发出的').waitFor();
    expect(await reported('断网上报')).toHaveLength(3);
    await context.close();
  });

  it('an answer that is lost does not double the report, and the time it was told is kept', async () => {
    const { page, context } = await phone(city, '/m', { withoutWorker: true });
    let lost = 0;
    await page.route('**/api/v1/portal/reports', async (route) => {
      lost += 1;
      if (lost > 2) return await route.continue();
      await route.fetch();
      await route.abort();
    });
    await page.locator('#words').fill('答复丢了两回');
    await page.locator('#address').fill('青松路口');
    const told = Date.now();
    await page.getByRole('button', { name: '提交上报' }).tap();
    await page.getByText('已收到，编号').waitFor({ timeout: 30_000 });
    expect(lost).toBeGreaterThan(2);
    const ids = await reported('答复丢了两回');
    expect(ids).toHaveLength(1);
    const seen = await ask<{ received_at: string }>(clerk.page, 'GET', `reports/${ids[0]}`);
    expect(Math.abs(Date.parse(seen.body.received_at) - told)).toBeLessThan(3_000);
    await context.close();
  });

  it('a photo goes on where the line broke', async () => {
    const { page, context } = await phone(city, '/m', { withoutWorker: true });
    await page.getByText('已定位').waitFor();
    const offsets: number[] = [];
    await page.route('**/api/v1/portal/uploads/**', async (route) => {
      const offset = Number(new URL(route.request().url()).searchParams.get('offset'));
      offsets.push(offset);
      // The second piece arrives, and its answer does not; the third does not even arrive.
      if (offsets.length === 2) await route.fetch();
      return offsets.length === 2 || offsets.length === 3 ? await route.abort() : await route.continue();
    });
    await shoot(page, 31);
    await page.locator('#words').fill('照片分几次传');
    await page.getByRole('button', { name: '提交上报' }).tap();
    await page.getByText('已收到，编号').waitFor({ timeout: 40_000 });
    expect(offsets.filter((offset) => offset === 0)).toHaveLength(1);
    expect(await reported('照片分几次传')).toHaveLength(1);
    await context.close();
  });

  it('what was written is still there when the browser was killed', async () => {
    const { mkdtempSync, rmSync } = await import('node:fs');
    const { tmpdir } = await import('node:os');
    const { join } = await import('node:path');
    const { chromium } = await import('playwright-core');
    const folder = mkdtempSync(join(tmpdir(), 'chengyun-phone-'));
    const open = () => chromium.launchPersistentContext(folder, {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'], baseURL: city.base, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true,
    });
    const first = await open();
    const page = first.pages()[0] ?? await first.newPage();
    await page.goto('/m');
    await page.locator('#words').fill('浏览器被杀掉');
    await page.locator('#address').fill('青松路口');
    const buffer = await picture(page, 5);
    await page.locator('input[type=file][capture]').setInputFiles({ name: 'IMG.jpg', mimeType: 'image/jpeg', buffer });
    await page.locator('.photos img[src^="data:"]').waitFor();
    await first.setOffline(true);
    await page.getByRole('button', { name: '提交上报' }).tap();
    await page.getByText('还在手机里').waitFor();
    // As a phone that runs out of power: nothing is told to the page.
    const session = await first.newCDPSession(page);
    await session.send('Browser.crash' as 'Browser.close').catch(() => {});
    await first.close().catch(() => {});
    expect(await reported('浏览器被杀掉')).toHaveLength(0);
    const again = await open();
    const fresh = again.pages()[0] ?? await again.newPage();
    await fresh.goto('/m#/mine');
    await expect.poll(async () => (await reported('浏览器被杀掉')).length, { timeout: 30_000 }).toBe(1);
    await again.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('a step that somebody else took meanwhile is explained, and loses nothing', async () => {
    const made = await ask<{ case: { id: string } }>(clerk.page, 'POST', 'reports', {
      source: 'hotline', title: '别人先办了', place: { area_code: '310118001' }, open_case: { category_id: await categoryOf('道路积水'), process: 'hotline' },
    });
    const organisations = await ask<{ items: { id: string; code: string }[] }>(leader.page, 'GET', 'organisations?limit=200');
    const given = await ask<{ tasks: { id: string }[] }>(leader.page, 'POST', `cases/${made.body.case.id}/dispatch`, { lead_organisation_id: organisations.body.items.find((each) => each.code === 'SWJ')?.id });
    const task = given.body.tasks[0]?.id ?? '';
    const water = await desk(city, 'shuiwu');
    await ask(water.page, 'POST', `tasks/${task}/accept`, {});
    const handler = await phone(city, '/m/i');
    await signIn(handler.page, 'shuiwu');
    await handler.page.getByText('别人先办了').first().tap();
    await handler.page.getByRole('button', { name: /办结|处置反馈|办理反馈/ }).first().tap();
    await handler.context.setOffline(true);
    await handler.page.locator('textarea').fill('我在现场办完了');
    await handler.page.getByRole('button', { name: '提交' }).tap();
    await handler.page.locator('[data-state=waiting]').waitFor();
    const finished = await ask(water.page, 'POST', `tasks/${task}/finish`, { result: '同事先办完了' });
    expect(finished.status).toBe(200);
    await handler.context.setOffline(false);
    await handler.page.getByText('别人已经处理了').waitFor({ timeout: 20_000 });
    await handler.page.getByRole('link', { name: /待发/ }).tap();
    await handler.page.getByText('这一步没有生效').waitFor();
    await handler.page.getByRole('button', { name: '删除' }).tap();
    await handler.page.getByText('都发出去了').waitFor();
    for (const each of [handler.context, water.context]) await each.close();
  });
});

describe('the pages', () => {
  it('begin with at most 60 KB and paint within two seconds on a slow line', async () => {
    const { page, context } = await phone(city, '/pages/mark.svg');
    await slow(page, 1_600, 300);
    await page.goto('/m');
    await page.locator('#words').waitFor();
    const { paint, names } = await page.evaluate(() => ({
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity,
      names: performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => name.includes('/assets/')),
    }));
    await context.close();
    let bytes = 0;
    for (const name of [`${city.base}/m`, ...new Set(names)]) {
      const head = await fetch(name, { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } });
      bytes += Number(head.headers.get('content-length'));
    }
    expect(bytes).toBeGreaterThan(20 * 1024);
    expect(bytes / 1024).toBeLessThan(FIRST_SCREEN_KB_MAX);
    expect(paint).toBeLessThan(FIRST_PAINT_MS_MAX);
  });

  it('open without network once they were open', async () => {
    const { page, context } = await phone(city, '/m');
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await page.reload();
    await page.locator('#words').waitFor();
    await context.setOffline(true);
    await page.reload();
    await page.locator('#words').waitFor();
    await context.close();
  });

  it('a component scanned by its code is named, and an unknown one is said to be', async () => {
    const { page, context } = await phone(city, '/m#/k/31011801010000019');
    await page.getByText('没有这个编码的部件').waitFor();
    await context.close();
  });

  it.each([{ dark: false }, { dark: true }])('are free of what axe finds, and large enough for a thumb (dark: $dark)', async ({ dark }) => {
    const citizen = await phone(city, '/m', { dark });
    for (const path of ['/m#/', '/m#/mine', '/m#/find', '/m#/c/1']) {
      await citizen.page.goto(path);
      await citizen.page.locator('h1').waitFor();
      await citizen.page.waitForTimeout(400);
      expect(await axe(citizen.page), path).toEqual([]);
      expect(await tooSmall(citizen.page), path).toEqual([]);
    }
    await citizen.context.close();
    const field = await phone(city, '/m/i', { dark });
    await field.page.locator('#login').waitFor();
    expect(await axe(field.page)).toEqual([]);
    await signIn(field.page, 'jianduyuan');
    for (const path of ['#/', '#/found', '#/duty', '#/queue']) {
      await field.page.goto(`/m/i${path}`);
      await field.page.locator('h1').waitFor();
      await field.page.waitForTimeout(400);
      expect(await axe(field.page), path).toEqual([]);
      expect(await tooSmall(field.page), path).toEqual([]);
    }
    await field.context.close();
  });
});
