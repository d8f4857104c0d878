// Journeys of people through the console, in a real browser, on the built program.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, desk, openCity, type City } from './city';
import { attach, caseOf, openByNumber, openRow, pick, stage, tabTo, usedMouse, watchMouse } from './hands';

let city: City;
beforeAll(async () => { city = await openCity(); }, 90_000);
afterAll(async () => { await city.close(); });

describe('the loop, by keyboard alone', () => {
  it('is gone through from the report to the closed case, on the desks it belongs to', async () => {
    // The city wants its reporters called back; that is a word of its process, and cases begun from now on know it.
    const system = await desk(city, 'xitong');
    const managed = (await ask<{ document: Record<string, Record<string, unknown>> }>(system.page, 'GET', 'processes/city-management')).body.document;
    const wanted = {
      ...managed, version: Number(managed['version']) + 1, callback: { attempts: 2, limit: '1工作日', redo_max: 1 },
      actions: { ...managed['actions'], report_callback: { name: '回访', roles: ['intake_clerk', 'shift_leader'] } },
    };
    expect((await ask(system.page, 'POST', 'processes', { document: wanted })).status).toBe(201);
    await system.context.close();

    const clerk = await desk(city, 'shouli');
    const leader = await desk(city, 'zhibanzhang');
    const dispatcher = await desk(city, 'paiqian');
    const operators = [clerk, leader, dispatcher];
    for (const { page } of operators) await watchMouse(page);
    await clerk.page.waitForURL('**/intake');
    await clerk.page.locator('#text').waitFor();
    await clerk.page.keyboard.type('青松路路口积水没过脚踝。请来处理');
    await tabTo(clerk.page, '.intake .pair .pick input');
    await pick(clerk.page, '道路积水');
    // The place by a piece of its name.
    await tabTo(clerk.page, '#address');
    await clerk.page.keyboard.type('章浜社区');
    await clerk.page.locator('[data-place-kind="area"]', { hasText: '章浜社区居委会' }).waitFor();
    await clerk.page.keyboard.press('ArrowDown');
    await clerk.page.keyboard.press('Enter');
    expect(await clerk.page.locator('#address').inputValue()).toBe('章浜社区居委会');
    expect(await clerk.page.getByRole('combobox', { name: '区域' }).inputValue()).toBe('章浜社区居委会');
    // A draft outlives the page.
    await clerk.page.reload();
    expect(await clerk.page.locator('#text').inputValue()).toContain('积水');
    expect(await clerk.page.locator('#title').inputValue()).toBe('青松路路口积水没过脚踝');
    await attach(clerk.page, '.intake', '现场.jpg');
    await clerk.page.keyboard.press('Control+Enter');
    const opened = clerk.page.locator('[data-opened]');
    await opened.waitFor();
    expect(await clerk.page.locator('#text').inputValue()).toBe('');
    const path = await opened.getAttribute('href') ?? '';
    const id = path.split('/').at(-1) ?? '';
    const { case_no: no } = await caseOf(clerk.page, id);

    // 立案, from the list.
    await leader.page.waitForURL('**/cases?box=todo');
    await leader.page.locator('.pill').waitFor();
    await leader.page.keyboard.press('n');
    await openRow(leader.page, no);
    await stage(leader.page, 'accepted');
    await leader.page.keyboard.press('f');
    await leader.page.locator('form[data-form="case_file"] input[type=radio]').first().waitFor();
    await tabTo(leader.page, 'form[data-form="case_file"] input[type=radio]');
    await leader.page.keyboard.press('Space');
    await leader.page.keyboard.press('Control+Enter');
    await stage(leader.page, 'filed');

    // 派遣 to two.
    await openByNumber(dispatcher.page, no);
    await stage(dispatcher.page, 'filed');
    await dispatcher.page.keyboard.press('d');
    const lead = dispatcher.page.getByRole('combobox', { name: '主办单位' });
    await lead.waitFor();
    await dispatcher.page.locator('.suggestion').waitFor();
    await tabTo(dispatcher.page, 'form[data-form="case_dispatch"] input');
    await dispatcher.page.keyboard.press('Control+a');
    await pick(dispatcher.page, '区水务局');
    await dispatcher.page.keyboard.press('Tab');
    await pick(dispatcher.page, '夏阳街道');
    await dispatcher.page.keyboard.press('Control+Enter');
    await stage(dispatcher.page, 'handling');
    expect(await dispatcher.page.locator('[data-task]').count()).toBe(2);
    for (const { page } of operators) expect(await usedMouse(page)).toBe(false);

    // Both finish with photos; the lead cannot before the co-handler has, and sees it without asking.
    const water = await desk(city, 'shuiwu');
    const street = await desk(city, 'xiayang');
    for (const { page } of [water, street]) {
      await page.goto(`/inbox?case=${id}`);
      await stage(page, 'handling');
      await page.keyboard.press('a');
      await page.locator('form[data-form="task_accept"]').waitFor();
      await page.keyboard.press('Control+Enter');
      await page.locator('[data-state="accepted"]').first().waitFor();
    }
    const finish = water.page.locator('[data-operation="task_finish"]');
    await finish.waitFor();
    expect(await finish.isDisabled()).toBe(true);
    await street.page.locator('[data-operation="task_finish"]').waitFor();
    await street.page.keyboard.press('e');
    await street.page.locator('form[data-form="task_finish"] textarea').waitFor();
    await street.page.keyboard.type('已设置警示牌并疏导交通。');
    await attach(street.page, 'form[data-form="task_finish"]', '警示牌.jpg');
    await street.page.keyboard.press('Control+Enter');
    await water.page.locator('[data-operation="task_finish"]:not([disabled])').waitFor();
    await water.page.keyboard.press('e');
    await water.page.locator('form[data-form="task_finish"] textarea').waitFor();
    await water.page.keyboard.type('已清通雨水口，积水排除。');
    await attach(water.page, 'form[data-form="task_finish"]', '处置后.png');
    await water.page.keyboard.press('Control+Enter');
    await stage(water.page, 'inspecting');

    // 核查 fails what the co-handler did: that and the lead's are to be done again.
    const inspector = await desk(city, 'jianduyuan');
    await inspector.page.goto(`/cases/${id}`);
    await stage(inspector.page, 'inspecting');
    await inspector.page.keyboard.press('i');
    await inspector.page.locator('form[data-form="case_inspect_result"]').waitFor();
    await inspector.page.keyboard.press('ArrowRight');
    await inspector.page.locator('form[data-form="case_inspect_result"] input[type=checkbox]').first().waitFor();
    await tabTo(inspector.page, 'form[data-form="case_inspect_result"] input[type=checkbox]');
    const boxes = inspector.page.locator('form[data-form="case_inspect_result"] label.check', { has: inspector.page.locator('input[type=checkbox]') });
    if (!(await boxes.first().innerText()).includes('协办')) await inspector.page.keyboard.press('Tab');
    await inspector.page.keyboard.press('Space');
    await tabTo(inspector.page, 'form[data-form="case_inspect_result"] textarea');
    await inspector.page.keyboard.type('警示牌未撤。');
    await inspector.page.keyboard.press('Control+Enter');
    await stage(inspector.page, 'handling');
    for (const [{ page }, result] of [[street, '警示牌已撤。'], [water, '积水已排除，现场已恢复。']] as const) {
      await page.locator('[data-operation="task_finish"]:not([disabled])').waitFor();
      await page.keyboard.press('e');
      await page.locator('form[data-form="task_finish"] textarea').waitFor();
      await page.keyboard.type(result);
      await page.keyboard.press('Control+Enter');
    }

    // It passes, and is closed on the leader's page, which was open all the while.
    await stage(inspector.page, 'inspecting');
    await inspector.page.keyboard.press('i');
    await inspector.page.locator('form[data-form="case_inspect_result"]').waitFor();
    await inspector.page.keyboard.press('Space');
    await inspector.page.keyboard.press('Control+Enter');
    await stage(inspector.page, 'closing');
    await stage(leader.page, 'closing');
    await leader.page.locator('[data-operation="case_close"]').waitFor();
    await leader.page.keyboard.press('e');
    await leader.page.locator('form[data-form="case_close"]').waitFor();
    await leader.page.keyboard.press('Control+Enter');
    await stage(leader.page, 'closed');

    // Before and after side by side, each in full by keyboard.
    const wall = leader.page.locator('[data-media] [data-attachment]');
    expect(await wall.evaluateAll((all) => all.map((each) => each.getAttribute('data-stage')))).toEqual(['reported', 'handled', 'handled']);
    await leader.page.waitForFunction(() => [...document.querySelectorAll<HTMLImageElement>('[data-media] img')].every((image) => image.naturalWidth === 320));
    await wall.first().focus();
    await leader.page.keyboard.press('Enter');
    const viewer = leader.page.locator('dialog.viewer');
    await viewer.locator('img').waitFor();
    await leader.page.keyboard.press('ArrowRight');
    await viewer.getByText('2 / 3').waitFor();
    await leader.page.waitForFunction(() => (document.querySelector<HTMLImageElement>('dialog.viewer img')?.naturalWidth ?? 0) > 320);
    await leader.page.keyboard.press('Escape');
    await viewer.waitFor({ state: 'detached' });
    await stage(leader.page, 'closed');

    const kinds = await leader.page.locator('.story [data-kind]').evaluateAll((entries) => entries.map((entry) => entry.getAttribute('data-kind')));
    expect(kinds.reverse()).toEqual([
      'case_accepted', 'case_filed', 'case_dispatched', 'task_accepted', 'task_accepted', 'files_attached', 'task_finished', 'files_attached', 'task_finished', 'case_handled', 'case_inspected',
      'task_finished', 'task_finished', 'case_handled', 'case_inspected', 'case_closed',
    ]);

    // 回访: whoever received the report calls, and it is settled.
    await clerk.page.goto('/reports?tab=callback');
    await clerk.page.locator('.grid-row', { hasText: '青松路路口积水' }).waitFor();
    await clerk.page.keyboard.press('j');
    await clerk.page.keyboard.press('Enter');
    await clerk.page.locator('article[data-stage="calling_back"]').waitFor();
    await clerk.page.keyboard.press('c');
    await clerk.page.locator('form[data-form="report_callback"]').waitFor();
    await clerk.page.keyboard.press('Space');
    await clerk.page.keyboard.press('Tab');
    await clerk.page.keyboard.press('Space');
    await clerk.page.keyboard.press('Tab');
    await clerk.page.keyboard.press('ArrowDown');
    await clerk.page.keyboard.press('Control+Enter');
    await clerk.page.locator('article[data-stage="settled"]').waitFor();
    for (const each of [clerk, leader, dispatcher, water, street, inspector]) {
      expect(each.complaints).toEqual([]);
      await each.context.close();
    }
  }, 120_000);
});

describe('whoever was overtaken', () => {
  it('is told what changed, keeps what was filled in, and goes on upon that', async () => {
    const leader = await desk(city, 'zhibanzhang');
    const other = await desk(city, 'zhibanzhang');
    await leader.page.goto('/cases?box=todo&stage=accepted');
    await leader.page.locator('.grid-row').first().waitFor();
    await leader.page.keyboard.press('j');
    await leader.page.keyboard.press('Enter');
    await stage(leader.page, 'accepted');
    const id = await leader.page.locator('article').getAttribute('data-case');
    await leader.page.locator('[data-operation="case_file"]').click();
    const choice = leader.page.locator('form[data-form="case_file"] input[type=radio]').first();
    await choice.check();
    await other.page.goto(`/cases/${id}`);
    await other.page.getByRole('button', { name: '其他事项' }).click();
    await other.page.locator('[data-operation="case_mark"]').click();
    await other.page.locator('form[data-form="case_mark"] button[type=submit]').click();
    await other.page.locator('.detail-head .tag', { hasText: '重要' }).waitFor();
    await leader.page.locator('.detail-head .tag', { hasText: '重要' }).waitFor();
    await leader.page.locator('form[data-form="case_file"] button[type=submit]').click();
    const told = leader.page.locator('form [role="alert"]');
    await told.waitFor();
    expect(await told.innerText()).toContain('标记重要');
    expect(await choice.isChecked()).toBe(true);
    await told.getByRole('button').click();
    await leader.page.locator('form[data-form="case_file"] button[type=submit]:not([disabled])').click();
    await stage(leader.page, 'filed');
    await leader.context.close();
    await other.context.close();
  }, 60_000);
});

describe('a street', () => {
  it('sees nothing of what is not its own: not in lists, not by address, not by API', async () => {
    const dispatcher = await desk(city, 'paiqian');
    const mine = await desk(city, 'xiayang');
    const all = await dispatcher.page.evaluate(async () => (await (await fetch('/api/v1/cases?limit=200')).json()).items as { id: string; title: string }[]);
    const ours = await mine.page.evaluate(async () => (await (await fetch('/api/v1/cases?limit=200')).json()).items as { id: string }[]);
    const known = new Set(ours.map((each) => each.id));
    const others = all.filter((each) => !known.has(each.id));
    expect(others.length).toBeGreaterThan(5);
    const secret = others[0];
    if (secret === undefined) throw new Error('there is none');

    await mine.page.goto(`/cases/${secret.id}`);
    await mine.page.getByText('查不到这件案卷').waitFor();
    await mine.page.goto(`/cases?box=todo&case=${secret.id}`);
    await mine.page.getByText('查不到这件案卷').waitFor();
    const statuses = await mine.page.evaluate(async (id) => {
      const session = await (await fetch('/api/v1/session')).json() as { csrf_token: string };
      const headers = { 'X-CSRF-Token': session.csrf_token, 'Content-Type': 'application/json' };
      const view = await fetch(`/api/v1/cases/${id}`);
      const watch = await fetch(`/api/v1/cases/${id}/watch`, { method: 'PUT', headers });
      const urge = await fetch(`/api/v1/cases/${id}/urge`, { method: 'POST', headers, body: '{}' });
      return [view.status, watch.status, urge.status];
    }, secret.id);
    expect(statuses).toEqual([404, 404, 403]);
    for (const box of ['todo', 'doing', 'done', 'overdue', 'supervised', 'suspended', 'watched']) {
      await mine.page.goto(`/cases?box=${box}`);
      await mine.page.locator('.grid-row, .state').first().waitFor();
      const shown = await mine.page.locator('.grid-row').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-id') ?? ''));
      expect(shown.filter((id) => !known.has(id))).toEqual([]);
    }
    // Nor in the list as a file.
    const sheet = await mine.page.evaluate(async () => await (await fetch('/api/v1/cases/export?format=csv')).text());
    const taken = sheet.trim().split('\r\n').slice(1).map((line) => line.split(',')[0]);
    const mineNumbers = new Set((ours as unknown as { case_no: string }[]).map((each) => each.case_no));
    expect(taken.length).toBe(ours.length);
    expect(taken.filter((number) => !mineNumbers.has(number ?? ''))).toEqual([]);
    // Nor pages of other desks.
    expect(await mine.page.getByRole('link', { name: '受理' }).count()).toBe(0);
    await mine.page.goto('/intake');
    await mine.page.getByText('没有权限').waitFor();
    await mine.context.close();
    await dispatcher.context.close();
  }, 60_000);
});

describe('two desks', () => {
  it('see what the other does: the row changes where it stands, what is new waits as a pill', async () => {
    const leader = await desk(city, 'zhibanzhang');
    await leader.page.goto('/cases?box=todo&sort=newest');
    await leader.page.locator('.grid-row').first().waitFor();
    await leader.page.locator('.live.ok').waitFor();
    const before = await leader.page.locator('.grid-row').count();
    const clerk = await desk(city, 'shouli');
    await clerk.page.locator('#text').fill('城中北路路灯不亮。');
    await clerk.page.locator('.intake .pair .pick input').click();
    await pick(clerk.page, '路灯');
    await clerk.page.getByRole('combobox', { name: '区域' }).click();
    await pick(clerk.page, '夏阳街道');
    await clerk.page.keyboard.press('Control+Enter');
    await clerk.page.locator('[data-opened]').waitFor();
    const pill = leader.page.locator('.pill');
    await pill.waitFor();
    expect(await pill.innerText()).toContain('有 1 件新案卷');
    expect(await leader.page.locator('.grid-row').count()).toBe(before);
    await leader.page.keyboard.press('n');
    await leader.page.locator('.grid-row', { hasText: '城中北路路灯不亮' }).waitFor();
    await leader.context.close();
    await clerk.context.close();
  }, 60_000);
});

describe('a list', () => {
  it('is its address: filters, box and case survive a reload and the way back', async () => {
    const { page, context } = await desk(city, 'zhibanzhang');
    await page.goto('/cases?box=doing');
    await page.locator('.grid-row').first().waitFor();
    await page.getByRole('button', { name: '环节' }).click();
    await page.getByRole('button', { name: '处置中', exact: true }).click();
    await page.waitForURL('**stage=handling**');
    await page.locator('.grid-row').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await stage(page, 'handling');
    const address = page.url();
    await page.reload();
    await stage(page, 'handling');
    expect(page.url()).toBe(address);
    expect(await page.locator('.chip.set').innerText()).toContain('处置中');
    await page.keyboard.press('o');
    await page.waitForURL('**/cases/*');
    await page.goBack();
    await stage(page, 'handling');
    expect(page.url()).toBe(address);
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => !url.search.includes('case='));
    await context.close();
  }, 60_000);

  it('that cannot be loaded says so, with the number to quote, and is there when it is asked again', async () => {
    const { page, context } = await desk(city, 'zhibanzhang');
    let isBroken = true;
    await page.route('**/api/v1/cases?*', (route) => (isBroken
      ? route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify({ status: 500, code: 'fault', title: '系统故障', request_id: 'r-17' }) })
      : route.continue()));
    await page.goto('/cases?box=doing');
    await page.locator('.state[role="alert"]').waitFor();
    expect(await page.locator('.state').innerText()).toContain('r-17');
    isBroken = false;
    await page.getByRole('button', { name: '重试' }).click();
    await page.locator('.grid-row').first().waitFor();
    await context.close();
  }, 60_000);
});

describe('searching', () => {
  it('by Ctrl K finds a case by words and by its last digits, goes to pages and remembers', async () => {
    const { page, context, complaints } = await desk(city, 'zhibanzhang');
    await page.goto('/cases?box=doing');
    await page.locator('.grid-row').first().waitFor();
    await page.locator('.filters-search input').focus();
    await page.keyboard.press('Control+k');
    const field = page.locator('.palette input');
    await field.waitFor();
    await page.keyboard.type('井盖');
    const first = page.locator('.palette [role="option"]', { has: page.locator('mark') }).first();
    await first.waitFor();
    expect(await first.locator('mark').first().innerText()).toBe('井盖');
    const no = await first.locator('.number').innerText();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/cases/*');
    await page.locator('article.detail', { hasText: no }).waitFor();
    // By its last digits, and what was opened is offered before anything is typed.
    await page.keyboard.press('Control+k');
    await page.locator('.palette [role="option"]', { hasText: no }).waitFor();
    await page.keyboard.type(no.slice(-14));
    await page.locator('.palette [role="option"] .number', { hasText: no }).first().waitFor();
    // What nothing has; to a page; away.
    await field.fill('麒麟瓷器');
    await page.getByText('没有找到').waitFor();
    await field.fill('工单');
    await page.locator('.palette [role="option"]', { hasText: '工单' }).first().waitFor();
    await page.keyboard.press('Escape');
    await field.waitFor({ state: 'hidden' });
    expect(complaints).toEqual([]);
    await context.close();
  }, 60_000);

  it('in the list of cases is its address, and marks what was found', async () => {
    const { page, context } = await desk(city, 'zhibanzhang');
    await page.goto('/cases');
    await page.locator('.filters-search input').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('井盖');
    await page.waitForURL((url) => url.searchParams.get('words') === '井盖');
    await page.locator('.grid-row mark').first().waitFor();
    expect(await page.locator('.grid-row mark').first().innerText()).toBe('井盖');
    await page.reload();
    await page.locator('.grid-row mark').first().waitFor();
    expect(await page.locator('.filters-search input').inputValue()).toBe('井盖');
    await page.locator('.filters-search input').fill('麒麟瓷器');
    await page.getByText('没有找到“麒麟瓷器”').waitFor();
    await page.locator('[data-box="doing"]').click();
    await page.waitForURL((url) => !url.searchParams.has('words'));
    await page.locator('.grid-row').first().waitFor();
    await context.close();
  }, 60_000);

  it('while a report is typed offers the case that is there, and the report joins it', async () => {
    const clerk = await desk(city, 'shouli');
    const { page } = clerk;
    await page.locator('#text').waitFor();
    const describeIt = async (text: string): Promise<void> => {
      await page.locator('#text').fill(text);
      await page.locator('.intake .pair .pick input').click();
      await pick(page, '路灯');
      await page.locator('#lon').fill('121.123456');
      await page.locator('#lat').fill('31.151234');
      await page.locator('#system').selectOption('cgcs2000');
    };
    await describeIt('淀山湖大道公交站旁路灯不亮。');
    await page.keyboard.press('Control+Enter');
    await page.locator('[data-opened]').waitFor();
    const id = (await page.locator('[data-opened]').getAttribute('href'))?.split('/').at(-1) ?? '';
    await page.waitForTimeout(1_200);
    await describeIt('公交站旁路灯又不亮了。');
    const offered = page.locator('.alike li', { hasText: '淀山湖大道公交站旁路灯不亮' });
    await offered.waitFor();
    expect(await offered.locator('.alike-why').innerText()).toMatch(/相距 \d+ 米 · 同类 · 共同词：.*路灯/);
    await tabTo(page, '[data-join]');
    await page.keyboard.press('Enter');
    await page.getByText('登记后将并入案卷').waitFor();
    await page.keyboard.press('Control+Enter');
    const joined = page.locator('[data-joined]');
    await joined.waitFor();
    expect(await joined.getAttribute('href')).toBe(`/cases/${id}`);
    const reports = await page.evaluate(async (wanted) => ((await (await fetch(`/api/v1/cases/${wanted}`)).json()) as { report_ids: string[] }).report_ids.length, id);
    expect(reports).toBe(2);
    expect(clerk.complaints).toEqual([]);
    await clerk.context.close();
  }, 60_000);
});

describe('a first sign-in', () => {
  it('with a drawn password changes it before anything else', async () => {
    const security = await desk(city, 'anquan');
    const drawn = await security.page.evaluate(async () => {
      const session = await (await fetch('/api/v1/session')).json() as { csrf_token: string };
      const headers = { 'X-CSRF-Token': session.csrf_token, 'Content-Type': 'application/json' };
      const accounts = (await (await fetch('/api/v1/accounts?limit=200')).json()).items as { id: string; login_name: string }[];
      const account = accounts.find((each) => each.login_name === 'chengguan');
      const answer = await fetch(`/api/v1/accounts/${account?.id}/password`, { method: 'POST', headers });
      return (await answer.json()) as Record<string, string>;
    });
    const password = drawn['password'] ?? '';
    expect(password.length).toBeGreaterThan(8);
    const context = await city.browser.newContext({ baseURL: city.base });
    const page = await context.newPage();
    await page.goto('/cases');
    await page.locator('#login').fill('chengguan');
    await page.locator('#password').fill(password);
    await page.keyboard.press('Enter');
    await page.getByText('须先设置新密码').waitFor();
    expect(await page.locator('.menu-main a').count()).toBe(0);
    await page.locator('#pw-current').fill(password);
    await page.locator('#pw-fresh').fill('Harbour-Lamp-42');
    await page.locator('#pw-again').fill('Harbour-Lamp-43');
    await page.keyboard.press('Enter');
    await page.getByText('两次输入的新密码不一致').waitFor();
    await page.locator('#pw-again').fill('Harbour-Lamp-42');
    await page.keyboard.press('Enter');
    // Then the page that was asked for.
    await page.locator('.boxes').waitFor();
    expect(new URL(page.url()).pathname).toBe('/cases');
    expect(await page.locator('.menu-main a').count()).toBe(2);
    await context.close();
    await security.context.close();
  }, 60_000);
});

describe('one’s own account', () => {
  it('shows where one is signed in, and ends what is open elsewhere', async () => {
    const here = await desk(city, 'jianguan', { anew: true });
    const there = await desk(city, 'jianguan', { anew: true });
    await here.page.goto('/account');
    const rows = here.page.locator('.own-sessions tbody tr');
    await here.page.locator('[data-session="here"]').waitFor();
    const before = await rows.count();
    expect(before).toBeGreaterThan(1);
    await here.page.locator('[data-session="elsewhere"]').first().getByRole('button').click();
    await here.page.getByText('该会话已下线').waitFor();
    await expect.poll(() => rows.count()).toBe(before - 1);
    // Whoever sits there is asked to sign in as soon as anything is asked for.
    await there.page.goto('/inbox');
    await there.page.waitForURL('**/sign-in?**');
    // Whose it is not, is not there; what cannot be told says so.
    expect((await ask(here.page, 'DELETE', 'own-sessions/1')).status).toBe(404);
    await here.page.route('**/api/v1/own-sessions', (route) => route.fulfill({ status: 500, contentType: 'application/problem+json', body: '{"status":500,"code":"fault","title":"系统故障","request_id":"r-5"}' }));
    await here.page.reload();
    await here.page.locator('.own-sessions .state', { hasText: 'r-5' }).waitFor();
    for (const each of [here, there]) {
      expect(each.complaints).toEqual([]);
      await each.context.close();
    }
  }, 60_000);
});

describe('a session', () => {
  it('that ended elsewhere leads to the sign-in and back', async () => {
    const { page, context } = await desk(city, 'paiqian');
    await page.goto('/cases?box=doing');
    await page.locator('.grid-row').first().waitFor();
    await context.clearCookies();
    // Whatever is asked next leads there: what somebody clicks, or what the page asks by itself before that.
    await Promise.race([page.locator('[data-box="overdue"]').click().catch(() => null), page.waitForURL('**/sign-in?**')]);
    await page.waitForURL('**/sign-in?**');
    await page.getByText('登录已失效').waitFor();
    await page.locator('#login').fill('paiqian');
    await page.locator('#password').fill('wrong');
    await page.keyboard.press('Enter');
    await page.locator('.wrong[role="alert"]').waitFor();
    await page.locator('#password').fill('Chengyun#2026');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/cases?box=**');
    await context.close();
  }, 60_000);
});

describe('files', () => {
  it('what is no file of a kind that is taken is refused by its name, and can be removed', async () => {
    const { page, context } = await desk(city, 'shouli');
    await page.goto('/intake');
    const input = page.locator('.intake .upload input[type="file"]').first();
    await input.setInputFiles([
      { name: '照片.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('<html><script>alert(1)</script></html>') },
      { name: '空.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(0) },
    ]);
    await page.locator('[data-upload="failed"]').nth(1).waitFor();
    await page.getByText('不支持这类文件').waitFor();
    await page.getByText('文件是空的').waitFor();
    await page.getByRole('button', { name: '移除 照片.jpg' }).click();
    await page.getByRole('button', { name: '移除 空.pdf' }).click();
    expect(await page.locator('[data-upload]').count()).toBe(0);
    await context.close();
  }, 60_000);
});
