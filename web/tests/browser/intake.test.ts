// What intake does at once: finds a place by its name, answers, has somebody tell what they put right themselves.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, desk, openCity, type City } from './city';
import { attach, pick, tabTo, usedMouse, watchMouse } from './hands';

let city: City;
beforeAll(async () => { city = await openCity(); }, 90_000);
afterAll(async () => { await city.close(); });

interface Report { stage: string; answer?: string; report_no: string; case_ids: string[] }

describe('a place', () => {
  it('is found by the code on a component or by a name, by keyboard; what is written and not chosen stays as it is', async () => {
    const system = await desk(city, 'xitong');
    const code = '3101180101000001';
    const made = await ask<{ fields?: unknown }>(system.page, 'POST', 'components', { code, name: '青松路上水井盖', geometry: { type: 'Point', coordinates: [121.1213, 31.1502] } });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    await system.context.close();
    const { page, context, complaints } = await desk(city, 'shouli');
    await page.locator('#text').waitFor();
    await watchMouse(page);
    await page.keyboard.type('井盖缺失，有人绊倒');
    await tabTo(page, '#address');
    await page.keyboard.type(code);
    await page.locator('[data-place-kind="component"]', { hasText: '青松路上水井盖' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await page.locator('#address').inputValue()).toBe('青松路上水井盖');
    expect(await page.locator('#lon').inputValue()).toBe('121.121300');
    expect(await page.locator('#system').inputValue()).toBe('cgcs2000');
    await page.locator('[data-place-told]', { hasText: '青浦区' }).waitFor();
    // Another one instead: the whole of a village, for which no point stands.
    await page.keyboard.press('Control+a');
    await page.keyboard.type('东盛社区');
    await page.locator('[data-place-kind="area"]').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await page.locator('#lon').inputValue()).toBe('');
    expect(await page.getByRole('combobox', { name: '区域' }).inputValue()).toBe('东盛社区居委会');
    // What nobody knows may be written all the same, and Enter sends nothing.
    await page.keyboard.press('Control+a');
    await page.keyboard.type('菜场后门第二个弄堂');
    await page.getByText('没有查到，可直接填写').waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    expect(await page.locator('#address').inputValue()).toBe('菜场后门第二个弄堂');
    expect(await page.locator('[data-done], .notice.late').count()).toBe(0);
    expect(await usedMouse(page)).toBe(false);
    expect(complaints).toEqual([]);
    await context.close();
  }, 60_000);
});

describe('a report', () => {
  it('is answered at once, by keyboard, and is done with', async () => {
    const { page, context, complaints } = await desk(city, 'shouli');
    await page.locator('#text').waitFor();
    await watchMouse(page);
    await page.keyboard.type('咨询社区卫生中心的开放时间');
    await tabTo(page, '.outcomes input[name="outcome"]');
    await page.keyboard.press('ArrowDown');
    await page.locator('#answer').waitFor();
    // Not without the answer.
    await page.keyboard.press('Control+Enter');
    await page.locator('#answer[aria-invalid="true"]').waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('answer');
    await page.keyboard.type('每日 8:00 至 17:00 开放，节假日照常。');
    await page.keyboard.press('Control+Enter');
    const done = page.locator('[data-done="answered"]');
    await done.waitFor();
    expect(await done.innerText()).toContain('已直接答复');
    const id = (await page.locator('[data-registered]').getAttribute('href'))?.split('/').at(-1) ?? '';
    const report = (await ask<Report>(page, 'GET', `reports/${id}`)).body;
    expect([report.stage, report.answer, report.case_ids]).toEqual(['answered', '每日 8:00 至 17:00 开放，节假日照常。', []]);
    // The next one is an ordinary one again.
    expect(await page.locator('.outcomes input:checked').getAttribute('value')).toBe('open');
    expect(await usedMouse(page)).toBe(false);
    expect(complaints).toEqual([]);
    await context.close();
  }, 60_000);

  it('whose answer did not go out says so, and goes out once when it is tried again', async () => {
    const { page, context } = await desk(city, 'shouli');
    await page.locator('#text').fill('咨询公交改线');
    await page.locator('.outcomes input[value="answer"]').check();
    await page.locator('#answer').fill('9 月起改走青松路。');
    // Done, and not heard of.
    await page.route('**/answer', async (route) => {
      await route.fetch();
      await route.abort();
    }, { times: 1 });
    await page.keyboard.press('Control+Enter');
    const left = page.locator('[data-left]');
    await left.waitFor();
    expect(await left.innerText()).toMatch(/诉求 .* 已登记，但没有答复成功：.*不能确定是否已生效/);
    await left.getByRole('button', { name: '重试' }).click();
    await page.locator('[data-done="answered"]').waitFor();
    expect(await left.count()).toBe(0);
    const id = (await page.locator('[data-registered]').getAttribute('href'))?.split('/').at(-1) ?? '';
    const view = (await ask<{ timeline: { kind: string }[] }>(page, 'GET', `reports/${id}`)).body;
    expect(view.timeline.filter((entry) => entry.kind === 'report_answered').length).toBe(1);
    await context.close();
  }, 60_000);

  it('is only registered when that is chosen, and waits in the pool', async () => {
    const { page, context } = await desk(city, 'shouli');
    await page.locator('#text').fill('疑似违建，待了解');
    await page.locator('.outcomes input[value="pool"]').check();
    await page.keyboard.press('Control+Enter');
    await page.locator('[data-done="registered"]').waitFor();
    await page.locator('[data-registered]').click();
    await page.locator('article[data-stage="received"]').waitFor();
    await context.close();
  }, 60_000);
});

describe('what an inspector puts right at once', () => {
  it('is told with photos of before and after, filed by its condition, and awaits inspection by somebody else', async () => {
    const { page, context, complaints } = await desk(city, 'jianduyuan');
    await page.getByRole('link', { name: '受理' }).click();
    await page.locator('#text').waitFor();
    expect(await page.locator('#source').inputValue()).toBe('inspector');
    // An inspector opens no other case.
    expect(await page.locator('.outcomes input').evaluateAll((all) => all.map((each) => (each as HTMLInputElement).value))).toEqual(['pool', 'handled']);
    await page.locator('.outcomes input[value="handled"]').check();
    expect(await page.locator('#phone').count()).toBe(0);
    await page.locator('#text').fill('人行道边倒伏共享单车，已扶正');
    await attach(page, '.intake section:first-of-type', '前.jpg');
    await page.keyboard.press('Control+Enter');
    await page.getByText('请选择小类').waitFor();
    await page.locator('#result[aria-invalid="true"]').waitFor();
    await page.getByRole('combobox', { name: '小类' }).click();
    await pick(page, '道路积水');
    await page.getByRole('combobox', { name: '区域' }).click();
    await pick(page, '夏阳街道');
    await page.keyboard.press('Control+Enter');
    await page.locator('.wrong-group input[name="rule"]').first().waitFor();
    await page.locator('input[name="rule"]').first().check();
    await page.locator('#result').fill('已扶正摆齐，通道恢复。');
    await attach(page, '.intake section:nth-last-of-type(2)', '后.jpg');
    await page.keyboard.press('Control+Enter');
    await page.locator('[data-done="handled"]').waitFor();
    await page.locator('[data-opened]').click();
    await page.locator('article[data-stage="inspecting"]').waitFor();
    const wall = page.locator('[data-media] [data-attachment]');
    expect(await wall.evaluateAll((all) => all.map((each) => each.getAttribute('data-stage')))).toEqual(['reported', 'handled']);
    // Who handled it does not inspect it.
    expect(await page.locator('[data-operation="case_inspect_result"]').count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  }, 60_000);
});
