// A clerk's inbox: what a street is given it accepts, gives on, calls others in for, asks more time for, and finishes when all others have.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, desk, filedCase, openCity, type City } from './city';
import { attach, caseOf, openRow, organisation, pick, stage } from './hands';

let city: City;
beforeAll(async () => { city = await openCity(); }, 90_000);
afterAll(async () => { await city.close(); });

it('a clerk accepts, delegates, calls in, asks for more time and finishes; a leader decides; the tasks stand below those they come from', async () => {
  const TITLE = '弄堂积水，需多家一起办';
  const system = await desk(city, 'xitong');
  const intake = await desk(city, 'shouli');
  const leader = await desk(city, 'zhibanzhang');
  const dispatcher = await desk(city, 'paiqian');
  const street = await desk(city, 'xiayang');
  const water = await desk(city, 'shuiwu');
  const { page } = street;
  const [above, called] = [await organisation(system.page, 'XYJD'), await organisation(system.page, 'SWJ')];
  const station = await ask<{ id: string }>(system.page, 'POST', 'organisations', { code: 'XYZD', name: '夏阳街道城管中队', kind: 'station', parent_id: above });
  expect(station.status).toBe(201);
  const id = await filedCase(intake.page, leader.page, TITLE);
  expect((await ask(dispatcher.page, 'POST', `cases/${id}/dispatch`, { lead_organisation_id: above, co_organisation_ids: [] })).status).toBe(200);

  // 待办: accepted by keyboard, and then it is among those in hand.
  await page.goto('/inbox');
  await openRow(page, TITLE);
  await stage(page, 'handling');
  await page.keyboard.press('a');
  await page.locator('form[data-form="task_accept"]').waitFor();
  await page.keyboard.press('Control+Enter');
  await page.locator('[data-task][data-state="accepted"]').waitFor();
  await page.locator('[data-box="doing"]').click();
  await page.waitForURL('**box=doing**');
  await openRow(page, TITLE);
  await stage(page, 'handling');

  // 转派 to a station below, 吹哨 for the water bureau.
  const more = async (operation: string): Promise<void> => {
    const button = page.locator(`[data-operation="${operation}"]`);
    if ((await button.count()) === 0) await page.getByRole('button', { name: '其他事项' }).click();
    await button.first().click();
    await page.locator(`form[data-form="${operation}"]`).waitFor();
  };
  await more('task_delegate');
  await pick(page, '夏阳街道城管中队');
  await page.keyboard.press('Control+Enter');
  const below = page.locator('[data-task][data-depth="1"]');
  await below.filter({ hasText: '夏阳街道城管中队' }).waitFor();
  await more('task_add_co');
  await pick(page, '区水务局');
  await page.keyboard.press('Control+Enter');
  await below.filter({ hasText: '区水务局' }).waitFor();
  expect(await below.count()).toBe(2);
  expect(await below.filter({ hasText: '区水务局' }).innerText()).toContain('由夏阳街道城运中心吹哨');
  expect(await below.filter({ hasText: '城管中队' }).innerText()).toContain('由夏阳街道城运中心转派');
  expect(await page.locator('[data-task][data-depth="0"]').count()).toBe(1);

  // 延期, decided at the leader's desk.
  await more('extension_request');
  await page.locator('form[data-form="extension_request"] textarea').fill('泵车要下午才到');
  await page.keyboard.press('Control+Enter');
  await page.locator('[data-depth="0"] > .row', { hasText: '已申请延期' }).waitFor();
  await leader.page.goto('/supervise?tab=to_decide');
  await openRow(leader.page, TITLE);
  await leader.page.locator('[data-operation="extension_decide"]').click();
  await leader.page.locator('form[data-form="extension_decide"] input[type=radio]').first().check();
  await leader.page.keyboard.press('Control+Enter');
  await page.locator('.story [data-kind="extension_decided"]').waitFor();

  // Nothing ends before what was given on has; the clerk sees it without asking.
  const finish = page.locator('[data-operation="task_finish"]').first();
  await finish.waitFor();
  expect(await finish.isDisabled()).toBe(true);
  for (const task of (await caseOf(water.page, id)).tasks.filter((each) => [called, station.body.id].includes(each.organisation.id))) {
    const who = task.organisation.id === called ? water.page : page;
    expect((await ask(who, 'POST', `tasks/${task.id}/accept`, {})).status).toBe(200);
    expect((await ask(who, 'POST', `tasks/${task.id}/finish`, { result: '已办好' })).status).toBe(200);
  }
  await page.locator('[data-operation="task_finish"]:not([disabled])').waitFor();
  await page.keyboard.press('e');
  await page.locator('form[data-form="task_finish"] textarea').waitFor();
  await page.keyboard.type('积水排净，路面恢复通行。');
  await attach(page, 'form[data-form="task_finish"]', '排净.jpg');
  await page.keyboard.press('Control+Enter');
  await stage(page, 'inspecting');
  await page.locator('[data-box="done"]').click();
  await page.locator('.grid-row', { hasText: TITLE }).first().waitFor();
  for (const each of [system, intake, leader, dispatcher, street, water]) {
    expect(each.complaints).toEqual([]);
    await each.context.close();
  }
}, 120_000);
