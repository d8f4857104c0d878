// Inspectors and handlers on their phones: duty, what is found on the way, and every step that is taken outdoors.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, desk, filedCase, openCity, type City, type Desk } from './city';
import { phone, PLACE, shoot, signIn } from './phone';

let city: City;
let clerk: Desk;
let leader: Desk;
let dispatcher: Desk;
let water: Desk;
let waterId = '';
beforeAll(async () => {
  city = await openCity();
  clerk = await desk(city, 'shouli');
  leader = await desk(city, 'zhibanzhang');
  dispatcher = await desk(city, 'paiqian');
  water = await desk(city, 'shuiwu');
  waterId = await organisationOf('SWJ');
}, 90_000);
afterAll(async () => { await city.close(); });

interface File { stage: string; tasks: { id: string; kind: string; state: string; organisation: { id: string; name: string }; result?: string }[]; timeline: { kind: string }[] }

async function organisationOf(code: string): Promise<string> {
  const { body } = await ask<{ items: { id: string; code: string }[] }>(leader.page, 'GET', 'organisations?limit=200');
  return body.items.find((each) => each.code === code)?.id ?? '';
}
const read = async (id: string): Promise<File> => (await ask<File>(leader.page, 'GET', `cases/${id}`)).body;

/** A case that the water bureau has, accepted: its id and the task's. */
async function atWork(title: string): Promise<{ id: string; task: string }> {
  const id = await filedCase(clerk.page, leader.page, title, 'inspector');
  const given = await ask<{ tasks: { id: string }[] }>(dispatcher.page, 'POST', `cases/${id}/dispatch`, { lead_organisation_id: waterId });
  const task = given.body.tasks[0]?.id ?? '';
  await ask(water.page, 'POST', `tasks/${task}/accept`, {});
  return { id, task };
}
/** Opens a case by its words, and the form of a step. */
async function step(page: Page, title: string, name: string): Promise<void> {
  await page.goto('/m/i#/');
  await page.getByText(title).first().tap();
  await page.getByRole('button', { name, exact: true }).first().tap();
}
const send = (page: Page): Promise<void> => page.getByRole('button', { name: '提交', exact: true }).first().tap();

describe('duty', () => {
  it('is seen on every page, goes on after the page was opened again anywhere, and ends with signing out', async () => {
    const { page, context, complaints } = await phone(city, '/m/i');
    const kept = (): Promise<{ since: number | null; track: unknown[] } | null> => page.evaluate(() => JSON.parse(localStorage.getItem('chengyun.field.duty') ?? 'null') as never);
    await signIn(page, 'jianduyuan');
    await page.goto('/m/i#/duty');
    await page.getByRole('button', { name: '上岗' }).tap();
    const badge = page.locator('[data-on-duty]');
    for (const path of ['#/', '#/found', '#/queue', '#/duty']) {
      await page.goto(`/m/i${path}`);
      await badge.waitFor();
    }
    await expect.poll(async () => (await kept())?.track.length ?? 0).toBe(1);
    // Opened again at another page than that of duty, a while later: the way is followed there too.
    await page.goto('/m/i#/queue');
    await page.evaluate(() => {
      const duty = JSON.parse(localStorage.getItem('chengyun.field.duty') ?? '{}') as { track: { at: number }[] };
      for (const each of duty.track) each.at -= 60_000;
      localStorage.setItem('chengyun.field.duty', JSON.stringify(duty));
    });
    await page.reload();
    await badge.waitFor();
    await context.setGeolocation({ latitude: PLACE.latitude + 0.01, longitude: PLACE.longitude });
    await expect.poll(async () => (await kept())?.track.length ?? 0, { timeout: 10_000 }).toBe(2);

    await page.goto('/m/i#/');
    await page.getByRole('button', { name: '退出' }).tap();
    await page.locator('#login').waitFor();
    expect(await kept()).toBeNull();
    await signIn(page, 'jianduyuan');
    await page.goto('/m/i#/duty');
    await page.getByText('现在不在岗').waitFor();
    expect(await badge.count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('ends when the session has ended, and says so', async () => {
    const { page, context } = await phone(city, '/m/i', { withoutWorker: true });
    await signIn(page, 'jianduyuan');
    await page.goto('/m/i#/duty');
    await page.getByRole('button', { name: '上岗' }).tap();
    await page.locator('[data-on-duty]').waitFor();
    await page.goto('/m/i#/');
    await context.clearCookies();
    await page.getByRole('button', { name: '刷新' }).tap();
    await page.getByText('登录已失效').waitFor();
    expect(await page.locator('[data-on-duty]').count()).toBe(0);
    expect(await page.evaluate(() => (JSON.parse(localStorage.getItem('chengyun.field.duty') ?? '{}') as { since: number | null }).since)).toBeNull();
    await page.getByRole('button', { name: '登录' }).tap();
    await page.locator('#login').waitFor();
    await context.close();
  });
});

describe('signing out', () => {
  it('without network ends the session as soon as there is one, before anything else is asked', async () => {
    const { page, context } = await phone(city, '/m/i');
    await signIn(page, 'jianduyuan');
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    const before = await context.cookies();
    expect(before.length).toBeGreaterThan(0);
    await context.setOffline(true);
    await page.getByRole('button', { name: '退出' }).tap();
    await page.locator('#login').waitFor();
    await page.reload();
    await page.locator('#login').waitFor();
    await context.setOffline(false);
    await page.reload();
    await page.locator('#login').waitFor();
    // Whoever kept the cookie has nothing of it either.
    await context.addCookies(before);
    expect(await page.evaluate(async () => (await fetch('/api/v1/session')).status)).toBe(401);
    await context.close();
  });
});

describe('what an inspector finds', () => {
  it('is written down without network, put right at once or only reported, and arrives once each', async () => {
    const { page, context, complaints } = await phone(city, '/m/i#/found');
    await signIn(page, 'jianduyuan');
    await page.goto('/m/i#/found');
    await page.getByText('已定位').waitFor();
    const kind = page.locator('#kind');
    await kind.locator('option', { hasText: '道路积水' }).first().waitFor({ state: 'attached' });
    await kind.selectOption({ label: '道路积水' });
    await page.locator('#rule').waitFor();
    await page.locator('#rule').selectOption({ index: 1 });
    await context.setOffline(true);
    await shoot(page, 41);
    await page.locator('#what').fill('巡查当场疏通');
    await page.locator('#done').fill('已疏通雨水口');
    await shoot(page, 42, 1);
    await send(page);
    await page.locator('[data-state=waiting]').waitFor();

    await page.getByRole('link', { name: /巡查/ }).tap();
    await page.getByRole('button', { name: '只上报' }).tap();
    expect(await page.locator('#done').count()).toBe(0);
    await page.getByText('已定位').waitFor();
    await shoot(page, 43);
    await page.locator('#what').fill('巡查发现护栏倒了');
    await kind.selectOption({ label: '道路积水' });
    await send(page);
    await expect.poll(() => page.locator('[data-state=waiting]').count()).toBe(2);
    const found = async (): Promise<{ id: string; title: string; stage: string }[]> => {
      const { body } = await ask<{ items: { id: string; title: string; stage: string }[] }>(leader.page, 'GET', 'reports?limit=200');
      return body.items.filter((each) => each.title.includes('巡查发现护栏倒了'));
    };
    expect(await found()).toHaveLength(0);
    const online = Date.now();
    await context.setOffline(false);
    await page.getByText('都发出去了').waitFor({ timeout: 30_000 });

    const [report, ...others] = await found();
    expect(others).toEqual([]);
    expect(report?.stage).toBe('received');
    const seen = await ask<{ title: string; source: string; lon?: number; attachments: unknown[] }>(leader.page, 'GET', `reports/${report?.id}`);
    expect(seen.body).toMatchObject({ title: '道路积水：巡查发现护栏倒了', source: 'inspector' });
    expect(seen.body.attachments).toHaveLength(1);
    const { body } = await ask<{ items: { id: string; title: string }[] }>(leader.page, 'GET', 'cases?limit=200&sort=newest');
    const handled = body.items.filter((each) => each.title.includes('巡查当场疏通'));
    expect(handled).toHaveLength(1);
    const file = await ask<{ attachments: { stage: string }[]; timeline: { occurred_at: string; recorded_at: string }[] }>(leader.page, 'GET', `cases/${handled[0]?.id}`);
    for (const each of file.body.timeline) {
      expect(Date.parse(each.occurred_at)).toBeLessThan(online);
      expect(Date.parse(each.recorded_at)).toBeGreaterThanOrEqual(online);
    }
    expect(file.body.attachments.map((each) => each.stage).sort()).toEqual(['handled', 'reported']);
    expect(complaints).toEqual([]);
    await context.close();
  });
});

describe('a handler', () => {
  it('contacts, asks for time, and gives on to an organisation below, however many there are', async () => {
    const system = await desk(city, 'xitong');
    const made = await ask<{ id: string }>(system.page, 'POST', 'organisations', { parent_id: waterId, code: 'SWJ-PS', name: '区排水管理所', kind: 'department' });
    expect(made.status).toBe(201);
    const { id } = await atWork('泵站要转给排水所');
    const handler = await phone(city, '/m/i');
    const { page } = handler;
    await signIn(page, 'shuiwu');

    await step(page, '泵站要转给排水所', '联系群众');
    await page.getByRole('button', { name: '没联系上' }).tap();
    await page.locator('textarea').first().fill('电话无人接听');
    await send(page);
    await expect.poll(async () => (await read(id)).timeline.map((each) => each.kind), { timeout: 20_000 }).toContain('task_contacted');

    await step(page, '泵站要转给排水所', '延期申请');
    await page.locator('input[id$=limit]').fill('1工作日');
    await page.locator('textarea').first().fill('等待配件');
    await send(page);
    await expect.poll(async () => (await read(id)).timeline.map((each) => each.kind), { timeout: 20_000 }).toContain('extension_requested');

    const asked: string[] = [];
    page.on('request', (request) => { if (request.url().includes('/organisations')) asked.push(request.url()); });
    await step(page, '泵站要转给排水所', '转派');
    const to = page.locator('select');
    await to.locator('option', { hasText: '区排水管理所' }).waitFor({ state: 'attached' });
    // Only whom it may go to: nobody beside or above.
    expect((await to.locator('option').allTextContents()).slice(1)).toEqual(['区排水管理所']);
    expect(asked.every((url) => url.includes(`under=${waterId}`))).toBe(true);
    await to.selectOption({ label: '区排水管理所' });
    await send(page);
    await expect.poll(async () => (await read(id)).tasks.map((task) => task.organisation.name), { timeout: 20_000 }).toContain('区排水管理所');
    expect(handler.complaints).toEqual([]);
    for (const each of [handler.context, system.context]) await each.close();
  });

  it('returns what is not theirs with a reason and a photo', async () => {
    const { id } = await atWork('这条河不归水务');
    const { page, context } = await phone(city, '/m/i');
    await signIn(page, 'shuiwu');
    await step(page, '这条河不归水务', '退单');
    await send(page);
    await page.getByRole('alert').waitFor();
    await page.locator('textarea').first().fill('属铁路用地');
    await shoot(page, 51);
    await send(page);
    await expect.poll(async () => (await read(id)).timeline.map((each) => each.kind), { timeout: 20_000 }).toContain('task_returned');
    await context.close();
  });
});

describe('an inspector', () => {
  it('verifies what was told', async () => {
    const standard = (await ask<{ items: { id: string }[] }>(clerk.page, 'GET', 'standards')).body.items[0]?.id ?? '';
    const categories = (await ask<{ items: { id: string; name: string; kind: string }[] }>(clerk.page, 'GET', `standards/${standard}/categories?limit=200`)).body.items;
    const opened = await ask<{ case: { id: string } }>(clerk.page, 'POST', 'reports', {
      source: 'hotline', title: '井盖要核实', place: { lon: PLACE.longitude, lat: PLACE.latitude }, open_case: { category_id: categories.find((each) => each.kind === 'event' && each.name === '道路积水')?.id ?? '' },
    });
    const { id } = opened.body.case;
    const asked = await ask(leader.page, 'POST', `cases/${id}/verify`, { organisation_id: await organisationOf('CYZX') });
    expect(asked.status).toBe(200);
    const { page, context } = await phone(city, '/m/i');
    await signIn(page, 'jianduyuan');
    await step(page, '井盖要核实', '签收');
    await send(page);
    await page.getByRole('button', { name: '核实', exact: true }).tap();
    await page.getByRole('button', { name: '属实', exact: true }).tap();
    await shoot(page, 61);
    await send(page);
    await expect.poll(async () => (await read(id)).timeline.map((each) => each.kind), { timeout: 20_000 }).toContain('case_verified');
    await context.close();
  });

  it('fails what was not done well, naming whose and why, and it is worked on again', async () => {
    const { id, task } = await atWork('井边还在积水');
    expect((await ask(water.page, 'POST', `tasks/${task}/finish`, { result: '已抽干' })).status).toBe(200);
    const { page, context } = await phone(city, '/m/i');
    await signIn(page, 'jianduyuan');
    await step(page, '井边还在积水', '核查');
    await page.getByRole('button', { name: '不合格', exact: true }).tap();
    await send(page);
    expect(await page.getByRole('alert').textContent()).toContain('哪些没办好');
    await page.getByRole('button', { name: '区水务局' }).tap();
    await page.locator('textarea').first().fill('水还没过脚面');
    await shoot(page, 71);
    await send(page);
    await expect.poll(async () => (await read(id)).stage, { timeout: 20_000 }).toBe('handling');
    await context.close();
  });
});
