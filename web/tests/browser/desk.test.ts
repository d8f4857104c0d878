// Journeys of a desk with much to do: many cases at once, what is taken back, what is late, what is printed and exported, and a server that
// dies under somebody's hands.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Page } from 'playwright-core';
import { ask, desk, filedCase, openCity, type City } from './city';
import { caseOf, organisation, stage } from './hands';

let city: City;
beforeAll(async () => { city = await openCity(); }, 90_000);
afterAll(async () => { await city.close(); });

const kindsOf = async (page: Page, id: string): Promise<string[]> => (await caseOf(page, id)).timeline.map((entry) => entry.kind);

describe('whoever signs in', () => {
  it.each([
    ['shouli', '/intake'], ['zhibanzhang', '/cases?box=todo'], ['paiqian', '/cases?box=todo'], ['jianduyuan', '/cases?box=todo'], ['shuiwu', '/inbox'],
    ['lingdao', '/supervise'], ['xitong', '/account'],
  ])('%s, from the first page, lands where the work begins: %s', async (login, wanted) => {
    const context = await city.browser.newContext({ baseURL: city.base });
    const page = await context.newPage();
    await page.goto('/');
    await page.locator('#login').fill(login);
    await page.locator('#password').fill('Chengyun#2026');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname !== '/sign-in');
    const at = new URL(page.url());
    expect(at.pathname + at.search).toBe(wanted);
    // And again, signed in.
    await page.goto('/');
    await page.waitForURL(`**${wanted}`);
    await context.close();
  }, 60_000);
});

describe('many cases', () => {
  it('are dispatched at once, each upon what was seen; one that somebody changed meanwhile says so and is tried again; all is taken back', async () => {
    const clerk = await desk(city, 'shouli');
    const leader = await desk(city, 'zhibanzhang');
    const dispatcher = await desk(city, 'paiqian');
    const ids: string[] = [];
    for (const n of [1, 2, 3]) ids.push(await filedCase(clerk.page, leader.page, `批量派遣之${n}`));
    const { page } = dispatcher;
    await page.goto('/cases?box=todo&stage=filed&sort=newest');
    for (const id of ids) await page.locator(`.grid-row[data-id="${id}"] input[type=checkbox]`).check();
    expect(await page.locator('.picked b').innerText()).toContain('3');
    await page.locator('.grid').focus();
    await page.keyboard.press('d');
    await page.locator('dialog.bulk').waitFor();
    const changed = ids[1] ?? '';
    expect((await ask(leader.page, 'POST', `cases/${changed}/mark`, { important: true })).status).toBe(200);
    await page.getByRole('combobox', { name: '全部派遣到' }).fill('区水务局');
    await page.locator('[role="listbox"]:visible [role="option"]', { hasText: '区水务局' }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.locator('[data-bulk-send]:not([disabled])').waitFor();
    await page.keyboard.press('Control+Enter');
    await page.locator(`[data-line="${changed}"][data-state="failed"]`).waitFor();
    expect(await page.locator(`[data-line="${changed}"] .bulk-state`).innerText()).toContain('其他人更新');
    for (const id of [ids[0], ids[2]]) await page.locator(`[data-line="${id}"][data-state="done"]`).waitFor();
    await page.locator('[data-bulk-send]').click();
    await page.locator('dialog.bulk').waitFor({ state: 'detached' });
    const water = await organisation(page, 'SWJ');
    for (const id of ids) {
      const view = await caseOf(page, id);
      expect(view.stage).toBe('handling');
      expect(view.tasks.map((task) => task.organisation.id)).toEqual([water]);
    }
    // Only the last is within reach of the key now.
    await page.locator('[data-undo]').waitFor();
    await page.keyboard.press('z');
    await page.locator('.undo', { hasText: '已撤销 1 件' }).waitFor();
    expect(await kindsOf(page, changed)).toContain('case_recalled');
    expect((await caseOf(page, changed)).stage).toBe('filed');
    expect(dispatcher.complaints).toEqual([]);
    for (const each of [clerk, leader, dispatcher]) await each.context.close();
  }, 90_000);

  it('are not taken back once somebody has acted; the notice of what was taken back is never seen', async () => {
    const clerk = await desk(city, 'shouli');
    const leader = await desk(city, 'zhibanzhang');
    const dispatcher = await desk(city, 'paiqian');
    const water = await desk(city, 'shuiwu');
    const lead = await organisation(dispatcher.page, 'SWJ');
    const dispatchedBy = async (id: string): Promise<void> => {
      const { page } = dispatcher;
      await page.goto(`/cases?box=todo&case=${id}`);
      await stage(page, 'filed');
      await page.keyboard.press('d');
      await page.locator('.suggestion').waitFor();
      const field = page.getByRole('combobox', { name: '主办单位' });
      await field.fill('区水务局');
      await page.locator('[role="listbox"]:visible [role="option"]', { hasText: '区水务局' }).first().waitFor();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Control+Enter');
      await stage(page, 'handling');
      await page.locator('[data-undo]').waitFor();
    };
    const told = async (id: string): Promise<string[]> => (await ask<{ items: { kind: string; subject_id: string }[] }>(water.page, 'GET', 'notices?limit=200')).body.items
      .filter((notice) => notice.subject_id === id).map((notice) => notice.kind);

    const first = await filedCase(clerk.page, leader.page, '派错了的');
    await dispatchedBy(first);
    expect((await caseOf(dispatcher.page, first)).tasks[0]?.organisation.id).toBe(lead);
    await dispatcher.page.keyboard.press('z');
    await stage(dispatcher.page, 'filed');
    await dispatcher.page.waitForTimeout(9_000);
    expect(await told(first)).toEqual([]);

    const second = await filedCase(clerk.page, leader.page, '已经签收的');
    await dispatchedBy(second);
    const task = (await caseOf(water.page, second)).tasks[0]?.id ?? '';
    expect((await ask(water.page, 'POST', `tasks/${task}/accept`, {})).status).toBe(200);
    await dispatcher.page.keyboard.press('z');
    await dispatcher.page.locator('.undo.late').waitFor();
    expect((await caseOf(dispatcher.page, second)).stage).toBe('handling');
    await dispatcher.page.waitForTimeout(9_000);
    expect(await told(second)).toEqual(['task_assigned']);
    for (const each of [clerk, leader, dispatcher, water]) await each.context.close();
  }, 120_000);
});

describe('what is late', () => {
  it('is urged, supervised and answered', async () => {
    const clerk = await desk(city, 'shouli');
    const shift = await desk(city, 'zhibanzhang');
    const leader = await desk(city, 'lingdao');
    const dispatcher = await desk(city, 'paiqian');
    const water = await desk(city, 'shuiwu');
    const id = await filedCase(clerk.page, shift.page, '超期的积水');
    const lead = await organisation(dispatcher.page, 'SWJ');
    await ask(dispatcher.page, 'POST', `cases/${id}/dispatch`, { lead_organisation_id: lead, co_organisation_ids: [await organisation(dispatcher.page, 'XYJD')] });
    const due = new Date(Date.now() + 1500).toISOString();
    expect((await ask(shift.page, 'POST', `cases/${id}/deadline`, { due_at: due, reason: '市级督办要求' })).status).toBe(200);
    await shift.page.waitForTimeout(2500);

    // What its ladder has raised stands in the list of the server, and so it is counted.
    await leader.page.goto('/supervise?tab=escalated');
    await leader.page.locator(`.grid-row[data-id="${id}"]`).waitFor();
    const raised = (await ask<{ items: unknown[] }>(leader.page, 'GET', 'cases?mark=escalated&sort=due&limit=200')).body.items.length;
    expect(await leader.page.locator('[data-box="escalated"] b').innerText()).toBe(String(raised));
    await leader.page.goto('/supervise');
    await leader.page.locator(`[data-late="${lead}"]`).waitFor();
    await leader.page.locator(`[data-late="${lead}"] .board-who`).click();
    await leader.page.waitForURL('**by=**');
    await leader.page.locator(`.grid-row[data-id="${id}"]`).click();
    await stage(leader.page, 'handling');
    await leader.page.keyboard.press('u');
    await leader.page.locator('form[data-form="case_urge"] textarea').waitFor();
    await leader.page.keyboard.type('请尽快处置。');
    await leader.page.keyboard.press('Control+Enter');
    await leader.page.locator('[data-kind="case_urged"]').waitFor();
    await leader.page.keyboard.press('Shift+U');
    await leader.page.locator('form[data-form="case_supervise"] textarea').waitFor();
    await leader.page.keyboard.type('今日内处置完毕并书面说明原因。');
    await leader.page.keyboard.press('Control+Enter');
    await leader.page.locator('[data-kind="case_supervised"]').waitFor();

    await water.page.goto(`/inbox?case=${id}`);
    await water.page.locator('[data-operation="supervision_reply"]').click();
    await water.page.locator('form[data-form="supervision_reply"] textarea').fill('泵车已到场，两小时内排净。');
    await water.page.keyboard.press('Control+Enter');
    await leader.page.locator('[data-kind="supervision_replied"]').waitFor();
    expect((await kindsOf(leader.page, id)).filter((kind) => ['case_urged', 'case_supervised', 'supervision_replied'].includes(kind)))
      .toEqual(['case_urged', 'case_supervised', 'supervision_replied']);

    // The sheet of it, on paper: what was demanded and answered, masked, with whose print it is.
    await leader.page.locator('[data-print="supervision"]').click();
    const sheet = leader.page.locator('[data-sheet="supervision"]');
    await sheet.waitFor();
    const text = await sheet.innerText();
    for (const each of ['督办单', '今日内处置完毕并书面说明原因。', '泵车已到场，两小时内排净。', '签字']) expect(text).toContain(each);
    expect(text).not.toContain('13800000000');
    expect(await sheet.locator('.watermark').innerText()).toMatch(/\d{4}-\d{2}-\d{2} \d{2}:\d{2}/);
    await leader.page.emulateMedia({ media: 'print' });
    expect(await leader.page.locator('.print-tools').isVisible()).toBe(false);
    // Each of its sheets is one page of A4.
    for (const sort of ['filing', 'dispatch', 'inspection', 'supervision']) {
      await leader.page.goto(`/print/${sort}/${id}`);
      await leader.page.locator(`[data-sheet="${sort}"] footer`).waitFor();
      const paper = (await leader.page.pdf({ preferCSSPageSize: true, printBackground: true })).toString('latin1');
      const boxes = [...paper.matchAll(/\/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]/g)].map(([, width, height]) => [Math.round(Number(width)), Math.round(Number(height))]);
      expect(boxes, sort).toEqual([[595, 842]]);
    }
    for (const each of [clerk, shift, leader, dispatcher, water]) {
      expect(each.complaints).toEqual([]);
      await each.context.close();
    }
  }, 120_000);

  it('is decided on where an application waits', async () => {
    const clerk = await desk(city, 'shouli');
    const shift = await desk(city, 'zhibanzhang');
    const dispatcher = await desk(city, 'paiqian');
    const water = await desk(city, 'shuiwu');
    const id = await filedCase(clerk.page, shift.page, '要延期的积水');
    const lead = await organisation(dispatcher.page, 'SWJ');
    expect((await ask(dispatcher.page, 'POST', `cases/${id}/dispatch`, { lead_organisation_id: lead, co_organisation_ids: [] })).status).toBe(200);
    const task = (await caseOf(water.page, id)).tasks[0]?.id ?? '';
    await ask(water.page, 'POST', `tasks/${task}/accept`, {});
    expect((await ask(water.page, 'POST', `tasks/${task}/extension`, { reason: '等候配件' })).status).toBe(200);
    await shift.page.goto('/supervise?tab=to_decide');
    const waiting = async () => Number(await shift.page.locator('[data-box="to_decide"] b').textContent());
    await shift.page.locator(`.grid-row[data-id="${id}"]`).waitFor();
    const before = await waiting();
    expect(before).toBeGreaterThan(0);
    await shift.page.locator(`.grid-row[data-id="${id}"]`).click();
    await shift.page.locator('[data-operation="extension_decide"]').click();
    await shift.page.locator('form[data-form="extension_decide"] input[type=radio]').first().check();
    await shift.page.keyboard.press('Control+Enter');
    await shift.page.locator('[data-kind="extension_decided"]').waitFor();
    await shift.page.locator(`.grid-row[data-id="${id}"]`).waitFor({ state: 'detached' });
    await vi.waitFor(async () => expect(await waiting()).toBe(before - 1), { timeout: 10_000 });
    for (const each of [clerk, shift, dispatcher, water]) await each.context.close();
  }, 90_000);
});

describe('the list', () => {
  it('is exported as it is filtered, and the auditor sees who took it', async () => {
    const { page, context } = await desk(city, 'zhibanzhang');
    await page.goto('/cases?box=doing&stage=handling&sort=newest');
    await page.locator('.grid-row').first().waitFor();
    const shown = (await ask<{ items: { case_no: string }[] }>(page, 'GET', 'cases?box=doing&stage=handling&sort=newest&limit=200')).body.items.map((each) => each.case_no);
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-export="csv"]').click()]);
    expect(download.suggestedFilename()).toMatch(/^案卷-.*\.csv$/);
    const text = await page.evaluate(async () => await (await fetch('/api/v1/cases/export?box=doing&stage=handling&sort=newest&format=csv')).text());
    const numbers = text.trim().split('\r\n').slice(1).map((line) => line.split(',')[0]);
    expect(numbers).toEqual(shown);
    const auditor = await desk(city, 'shenji');
    const entries = (await ask<{ items: { action: string; detail: unknown }[] }>(auditor.page, 'GET', 'audit-entries?action=case_export')).body.items;
    expect(entries.length).toBe(2);
    expect(JSON.stringify(entries[0]?.detail)).toContain('stage=handling');
    const street = await desk(city, 'jianduyuan');
    for (const list of ['cases', 'reports', 'tasks']) expect((await ask(street.page, 'GET', `${list}/export`)).status, list).toBe(403);
    for (const each of [{ context }, auditor, street]) await each.context.close();
  }, 60_000);
});

describe('lists of reports and of tasks', () => {
  it.each([
    ['zhibanzhang', '/reports?tab=doing', 'reports?box=doing&sort=newest', 'report_no', /^诉求-.*\.csv$/],
    ['xiayang', '/inbox?box=doing', 'tasks?box=doing&sort=due', 'case_no', /^工单-.*\.csv$/],
  ])('%s takes %s as a file: what is shown, in its order', async (login, path, asked, number, name) => {
    const { page, context, complaints } = await desk(city, login);
    await page.goto(path);
    await page.locator('.grid-row').first().waitFor();
    const shown = (await ask<{ items: Record<string, string>[] }>(page, 'GET', `${asked}&limit=200`)).body.items.map((each) => each[number]);
    expect(shown.length).toBeGreaterThan(3);
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-export="csv"]').click()]);
    expect(download.suggestedFilename()).toMatch(name);
    const text = readFileSync(await download.path(), 'utf8');
    expect(text.trim().split('\r\n').slice(1).map((line) => line.split(',')[0])).toEqual(shown);
    expect(text).not.toMatch(/1[3-9]\d{9}/);
    await page.getByText(`已导出 ${shown.length} 件`).waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  }, 60_000);
});

describe('a server that is killed while somebody dispatches', () => {
  it.each([['after it was done', true], ['before it was done', false]])('loses nothing and doubles nothing: %s', async (_, isDone) => {
    const clerk = await desk(city, 'shouli');
    const leader = await desk(city, 'zhibanzhang');
    const dispatcher = await desk(city, 'paiqian');
    const id = await filedCase(clerk.page, leader.page, `断电之前 ${String(isDone)}`);
    const { page } = dispatcher;
    await page.goto(`/cases?box=todo&case=${id}`);
    await stage(page, 'filed');
    await page.keyboard.press('d');
    await page.locator('.suggestion').waitFor();
    const field = page.getByRole('combobox', { name: '主办单位' });
    await field.fill('区水务局');
    await page.locator('[role="listbox"]:visible [role="option"]', { hasText: '区水务局' }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.route('**/dispatch', async (route) => {
      if (isDone) await route.fetch();
      await city.kill();
      await route.abort();
    }, { times: 1 });
    await page.keyboard.press('Control+Enter');
    await page.locator('form[data-form="case_dispatch"] [role="alert"]', { hasText: '不能确定是否已生效' }).waitFor();
    await page.locator('.live:not(.ok)').waitFor();
    await city.start();
    // The page finds its way back by itself, and what was filled in is still there.
    await page.locator('.live.ok').waitFor({ timeout: 30_000 });
    // It may see that the case has gone on; whether by this dispatch is found out by sending it again.
    if (isDone) await stage(page, 'handling');
    await page.locator('form[data-form="case_dispatch"] button[type=submit]:not([disabled])').click();
    await stage(page, 'handling');
    const view = await caseOf(page, id);
    expect(view.timeline.filter((entry) => entry.kind === 'case_dispatched').length).toBe(1);
    expect(view.tasks.length).toBe(1);
    for (const each of [clerk, leader, dispatcher]) await each.context.close();
  }, 120_000);
});

describe('two browsers', () => {
  it('see each other’s changes within a second', async () => {
    const clerk = await desk(city, 'shouli');
    const leader = await desk(city, 'zhibanzhang');
    const dispatcher = await desk(city, 'paiqian');
    const id = await filedCase(clerk.page, leader.page, '两处同时看着的');
    await leader.page.goto(`/cases/${id}`);
    await stage(leader.page, 'filed');
    await leader.page.locator('.live.ok').waitFor();
    await dispatcher.page.goto(`/cases?case=${id}`);
    await stage(dispatcher.page, 'filed');
    const lead = await organisation(dispatcher.page, 'SWJ');
    const began = Date.now();
    const seen = stage(leader.page, 'handling').then(() => Date.now() - began);
    await ask(dispatcher.page, 'POST', `cases/${id}/dispatch`, { lead_organisation_id: lead, co_organisation_ids: [] });
    expect(await seen).toBeLessThan(1_000);
    for (const each of [clerk, leader, dispatcher]) await each.context.close();
  }, 60_000);
});
