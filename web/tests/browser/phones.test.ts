// Citizens, inspectors and handlers on their phones, before the built program.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, desk, openCity, type City, type Desk } from './city';
import { axe, phone, PLACE, picture, shoot, signIn, slow, tooSmall, type Phone } from './phone';

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

const FINISH = /办结|处置反馈|办理反馈/;
const INSPECT = /核查|审核/;

/** A citizen who has told of standing water with a photo, looking at what becomes of it. */
async function toldOf(words: string, number: string): Promise<Phone> {
  const citizen = await phone(city, '/m');
  await citizen.page.getByText('已定位').waitFor();
  await shoot(citizen.page, Number(number.slice(-2)));
  await citizen.page.locator('#words').fill(words);
  await citizen.page.locator('#phone').fill(number);
  await citizen.page.getByRole('button', { name: '提交上报' }).tap();
  await citizen.page.getByText('已收到，编号').waitFor();
  await citizen.page.getByRole('link', { name: '看办理情况' }).tap();
  await citizen.page.getByText('已收到，工作人员正在查看').waitFor();
  return citizen;
}

/** Its case, accepted at the desk as the hotline does. */
async function hotlineCase(words: string): Promise<{ id: string; no: string }> {
  const [reportId] = await reported(words);
  const accepted = await ask<{ opened: { id: string; case_no: string }[] }>(clerk.page, 'POST', `reports/${reportId}/accept`, { open_cases: [{ category_id: await categoryOf('道路积水'), process: 'hotline' }] });
  const file = accepted.body.opened[0];
  return { id: file?.id ?? '', no: file?.case_no ?? '' };
}

/** Given to an organisation, accepted and finished there: the task. */
async function handledBy(code: string, caseId: string, result: string): Promise<string> {
  const organisations = await ask<{ items: { id: string; code: string }[] }>(leader.page, 'GET', 'organisations?limit=200');
  const given = await ask<{ tasks: { id: string }[] }>(leader.page, 'POST', `cases/${caseId}/dispatch`, { lead_organisation_id: organisations.body.items.find((each) => each.code === code)?.id });
  expect(given.status).toBe(200);
  const task = given.body.tasks[0]?.id ?? '';
  const water = await desk(city, 'shuiwu');
  expect((await ask(water.page, 'POST', `tasks/${task}/accept`, {})).status).toBe(200);
  expect((await ask(water.page, 'POST', `tasks/${task}/finish`, { result })).status).toBe(200);
  await water.context.close();
  return task;
}

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

  it('points at a place on the map, which is fetched only then', async () => {
    const { page, context, complaints } = await phone(city, '/pages/mark.svg', { withoutWorker: true, without: 'place' });
    const asked: string[] = [];
    page.on('request', (request) => { if (/maplibre|PlaceMap/.test(request.url())) asked.push(request.url()); });
    await page.goto('/m');
    await page.getByText('没有定位成功').waitFor();
    expect(asked).toEqual([]);
    await page.getByRole('button', { name: '在地图上选' }).tap();
    await page.locator('.place-map[data-drawn]').waitFor();
    expect(asked.length).toBeGreaterThan(0);
    expect(await axe(page)).toEqual([]);
    expect(await tooSmall(page)).toEqual([]);
    // Whoever cannot drag taps: what was tapped comes under the cross.
    const box = await page.locator('.place-map').boundingBox();
    if (box === null) throw new Error('no map');
    await page.getByRole('button', { name: '放大' }).tap();
    await page.touchscreen.tap(box.x + box.width / 2 + 30, box.y + box.height / 2 + 20);
    await page.getByRole('button', { name: '就选这里' }).tap();
    await page.getByText('已在地图上选定').waitFor();
    await page.getByText(/位置：.+(街道|镇)/).waitFor();
    await page.locator('#words').fill('地图上指的地方');
    await page.getByRole('button', { name: '提交上报' }).tap();
    await page.getByText('已收到，编号').waitFor();
    const [id] = await reported('地图上指的地方');
    const seen = await ask<{ lon?: number; lat?: number; area?: { name: string } }>(clerk.page, 'GET', `reports/${id}`);
    expect(seen.body.lon).toBeGreaterThan(120.8);
    expect(seen.body.area?.name).toBeTruthy();
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
  it('goes from a citizen to the desks, a handler, an inspector and back, each on the pages they have', async () => {
    // The city wants its reporters called back, and lets them answer by themselves; cases begun from now on know it.
    const system = await desk(city, 'xitong');
    const managed = (await ask<{ document: Record<string, Record<string, unknown>> }>(system.page, 'GET', 'processes/city-management')).body.document;
    const wanted = {
      ...managed, version: Number(managed['version']) + 1, callback: { attempts: 2, limit: '1工作日', redo_max: 1 },
      actions: { ...managed['actions'], report_callback: { name: '回访', roles: ['intake_clerk', 'shift_leader', 'reporter'] } },
    };
    expect((await ask(system.page, 'POST', 'processes', { document: wanted })).status).toBe(201);
    await system.context.close();

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

    // 受理 立案 派遣, each at its desk.
    await clerk.page.goto('/reports');
    await clerk.page.locator('.grid-row', { hasText: '桥下积水车过不去' }).click();
    await clerk.page.locator('article[data-stage="received"]').waitFor();
    await clerk.page.keyboard.press('f');
    await clerk.page.locator('form[data-form="report_accept"] input').first().waitFor();
    await clerk.page.keyboard.type('道路积水');
    await clerk.page.locator('[role="listbox"]:visible [role="option"]', { hasText: '道路积水' }).first().waitFor();
    await clerk.page.keyboard.press('Enter');
    await clerk.page.keyboard.press('Control+Enter');
    await clerk.page.locator('article[data-stage="accepted"]').waitFor();
    const [reportId] = await reported('桥下积水车过不去');
    const caseId = (await ask<{ case_ids: string[] }>(clerk.page, 'GET', `reports/${reportId}`)).body.case_ids[0] ?? '';
    await leader.page.goto(`/cases?box=todo&case=${caseId}`);
    await leader.page.locator('article[data-stage="accepted"]').waitFor();
    await leader.page.keyboard.press('f');
    await leader.page.locator('form[data-form="case_file"] input[type=radio]').first().check();
    await leader.page.keyboard.press('Control+Enter');
    await leader.page.locator('article[data-stage="filed"]').waitFor();
    const dispatcher = await desk(city, 'paiqian');
    await dispatcher.page.goto(`/cases?box=todo&case=${caseId}`);
    await dispatcher.page.locator('article[data-stage="filed"]').waitFor();
    await dispatcher.page.keyboard.press('d');
    await dispatcher.page.locator('.suggestion').waitFor();
    await dispatcher.page.getByRole('combobox', { name: '主办单位' }).fill('区水务局');
    await dispatcher.page.locator('[role="listbox"]:visible [role="option"]', { hasText: '区水务局' }).first().waitFor();
    await dispatcher.page.keyboard.press('Enter');
    await dispatcher.page.keyboard.press('Control+Enter');
    await dispatcher.page.locator('article[data-stage="handling"]').waitFor();
    await dispatcher.context.close();

    const stage = async (): Promise<string> => (await ask<{ stage: string }>(leader.page, 'GET', `cases/${caseId}`)).body.stage;
    const handler = await phone(city, '/m/i');
    await signIn(handler.page, 'shuiwu');
    await handler.page.getByText('桥下积水车过不去').first().tap();
    await handler.page.getByRole('button', { name: '签收' }).tap();
    await handler.page.getByRole('button', { name: '提交' }).tap();
    await handler.page.getByRole('button', { name: '联系群众' }).tap();
    await handler.page.getByRole('button', { name: '联系上了', exact: true }).tap();
    await handler.page.getByRole('button', { name: '提交' }).tap();
    await handler.page.getByRole('button', { name: FINISH }).first().tap();
    await handler.page.getByText('对着办前照片').waitFor();
    await handler.page.locator('textarea').fill('水已抽干，泵已修好');
    await shoot(handler.page, 13);
    await handler.page.getByRole('button', { name: '提交' }).tap();
    await expect.poll(stage, { timeout: 20_000 }).toBe('inspecting');
    expect(handler.complaints).toEqual([]);
    await handler.context.close();

    // The picture from before lies over the camera.
    const inspector = await phone(city, '/m/i');
    await signIn(inspector.page, 'jianduyuan');
    await inspector.page.getByText('桥下积水车过不去').first().tap();
    await inspector.page.getByRole('button', { name: '核查', exact: true }).tap();
    await inspector.page.getByRole('button', { name: '合格', exact: true }).tap();
    await inspector.page.getByRole('button', { name: '叠着办前照片拍' }).tap();
    const camera = inspector.page.locator('dialog[open]');
    await expect.poll(() => camera.locator('img.before').evaluate((image) => [(image as HTMLImageElement).naturalWidth > 0, getComputedStyle(image).opacity])).toEqual([true, '0.45']);
    await camera.locator('button.main:not([disabled])').waitFor();
    expect(await camera.locator('video').evaluate((video) => (video as HTMLVideoElement).videoWidth)).toBeGreaterThan(0);
    expect(await axe(inspector.page)).toEqual([]);
    expect(await tooSmall(inspector.page)).toEqual([]);
    await camera.getByLabel('办前照片的浓淡').selectOption('70');
    await camera.getByRole('button', { name: '拍照' }).tap();
    await camera.waitFor({ state: 'detached' });
    // Both beside each other, and the camera is given back.
    await expect.poll(() => inspector.page.locator('.pair img').evaluateAll((all) => all.map((each) => (each as HTMLImageElement).naturalWidth > 0))).toEqual([true, true]);
    await inspector.page.getByRole('button', { name: '提交' }).tap();
    await expect.poll(stage, { timeout: 20_000 }).toBe('closing');
    const photos = await ask<{ attachments: { stage: string; width: number }[] }>(leader.page, 'GET', `cases/${caseId}`);
    expect(photos.body.attachments.map((each) => each.stage).sort()).toEqual(['handled', 'inspected', 'reported']);
    expect(inspector.complaints).toEqual([]);
    await inspector.context.close();

    await leader.page.locator('article[data-stage="closing"]').waitFor();
    await leader.page.keyboard.press('e');
    await leader.page.locator('form[data-form="case_close"]').waitFor();
    await leader.page.keyboard.press('Control+Enter');
    await leader.page.locator('article[data-stage="closed"]').waitFor();

    await citizen.page.reload();
    await citizen.page.getByText('已办完，等您确认').waitFor();
    await citizen.page.getByText('水已抽干，泵已修好').waitFor();
    for (const level of ['非常满意', '满意', '基本满意', '不满意', '非常不满意']) expect(await citizen.page.getByRole('button', { name: level, exact: true }).count(), level).toBe(1);
    await citizen.page.getByRole('button', { name: '解决了', exact: true }).tap();
    await citizen.page.getByRole('button', { name: '非常满意', exact: true }).tap();
    await citizen.page.getByRole('button', { name: '提交', exact: true }).tap();
    await citizen.page.getByText('您的评价：非常满意').waitFor();
    await citizen.page.getByText('已办结').first().waitFor();
    const settled = await ask<{ stage: string; called_back: { satisfaction: string } }>(clerk.page, 'GET', `reports/${reportId}`);
    expect(settled.body.stage).toBe('settled');
    expect(settled.body.called_back.satisfaction).toBe('very_satisfied');
    // The QR code of the case opens what everybody may see of it, and nothing that was told.
    const { case_no: caseNo } = (await ask<{ case_no: string }>(leader.page, 'GET', `cases/${caseId}`)).body;
    await citizen.page.goto(`/m#/c/${caseNo}`);
    await citizen.page.getByText('道路积水').first().waitFor();
    expect(await citizen.page.locator('main').textContent()).not.toContain('桥下');
    expect(citizen.complaints).toEqual([]);
    await citizen.context.close();
  }, 120_000);

  it('is gone through again when a citizen says that it is not solved; who only joined proves the phone first', async () => {
    const citizen = await toldOf('泵站门口又积水', '13812340003');
    const { id, no } = await hotlineCase('泵站门口又积水');
    // 我也遇到: whoever stands there is offered what is known nearby, and joins it.
    await expect.poll(async () => (await ask<{ cases: { case_no: string }[] }>(clerk.page, 'POST', 'portal/suggestions', { words: '积水', place: { lon: PLACE.longitude, lat: PLACE.latitude } })).body.cases.map((each) => each.case_no), { timeout: 15_000 }).toContain(no);
    const neighbour = await phone(city, '/m');
    await neighbour.page.getByText('已定位').waitFor();
    await neighbour.page.locator('#words').fill('这里也有积水');
    const near = neighbour.page.getByRole('region', { name: '附近已有人反映' });
    await near.getByRole('button', { name: '我也遇到' }).first().waitFor();
    // Which of several it is says the page of the case.
    await neighbour.page.goto(`/m#/c/${no}`);
    await neighbour.page.getByText('1 人反映').waitFor();
    await neighbour.page.getByRole('link', { name: '我也遇到，去上报' }).tap();
    await neighbour.page.getByText('已定位').waitFor();
    await neighbour.page.locator('#words').fill('这里也有积水');
    await neighbour.page.locator('#phone').fill('13812340004');
    await neighbour.page.getByRole('button', { name: '一起反映' }).tap();
    await neighbour.page.getByText('已和附近的反映合在一起办理').waitFor();
    expect((await ask<{ told_by: number }>(clerk.page, 'GET', `portal/cases/${no}`)).body.told_by).toBe(2);

    const task = await handledBy('SWJ', id, '已抽水');
    expect((await ask(leader.page, 'POST', `cases/${id}/inspect-result`, { passed: true })).status).toBe(200);
    await neighbour.page.getByRole('link', { name: '看办理情况' }).tap();
    await neighbour.page.getByText('已办完，等您确认').waitFor();
    expect(await neighbour.page.getByText('已抽水').count()).toBe(0);
    await neighbour.page.getByRole('button', { name: '没解决', exact: true }).tap();
    await neighbour.page.getByText('要重新办理，请先用编号和手机号验证').waitFor();
    await neighbour.context.close();

    await citizen.page.reload();
    await citizen.page.getByText('已办完，等您确认').waitFor();
    await citizen.page.getByRole('button', { name: '没解决', exact: true }).tap();
    await citizen.page.getByRole('button', { name: '不满意', exact: true }).tap();
    await citizen.page.locator('#say').fill('雨一下又积了');
    await citizen.page.getByRole('button', { name: '提交', exact: true }).tap();
    await citizen.page.getByText('正在处理').first().waitFor();

    const handler = await phone(city, '/m/i');
    await signIn(handler.page, 'shuiwu');
    await handler.page.getByText('泵站门口又积水').first().tap();
    await handler.page.getByRole('button', { name: FINISH }).first().tap();
    await handler.page.locator('textarea').fill('换了水泵');
    await shoot(handler.page, 23);
    await handler.page.getByRole('button', { name: '提交' }).tap();
    await expect.poll(async () => (await ask<{ stage: string }>(leader.page, 'GET', `cases/${id}`)).body.stage, { timeout: 20_000 }).toBe('inspecting');
    await handler.context.close();
    expect(task).not.toBe('');
    expect((await ask(leader.page, 'POST', `cases/${id}/inspect-result`, { passed: true })).status).toBe(200);
    await citizen.page.reload();
    await citizen.page.getByText('换了水泵').waitFor();
    await citizen.page.getByRole('button', { name: '解决了', exact: true }).tap();
    await citizen.page.getByRole('button', { name: '满意', exact: true }).tap();
    await citizen.page.getByRole('button', { name: '提交', exact: true }).tap();
    await citizen.page.getByText('您的评价：满意').waitFor();
    expect(citizen.complaints).toEqual([]);
    await citizen.context.close();
  }, 120_000);

  it('a phone that gives no camera shows both pictures beside each other', async () => {
    const citizen = await toldOf('雨水口要核查', '13812340005');
    const { id } = await hotlineCase('雨水口要核查');
    await handledBy('SWJ', id, '已清');
    await citizen.context.close();
    const inspector = await phone(city, '/m/i', { without: 'camera' });
    await signIn(inspector.page, 'zhibanzhang');
    await inspector.page.getByText('雨水口要核查').first().tap();
    await inspector.page.getByRole('button', { name: INSPECT }).first().tap();
    await inspector.page.getByRole('button', { name: '合格', exact: true }).tap();
    await inspector.page.getByRole('button', { name: '叠着办前照片拍' }).tap();
    await inspector.page.getByText('打不开相机').waitFor();
    await inspector.page.locator('dialog[open]').getByRole('button', { name: '取消' }).tap();
    await inspector.page.getByRole('button', { name: '提交' }).tap();
    expect(await inspector.page.getByRole('alert').textContent()).toContain('请拍一张同角度照片');
    await shoot(inspector.page, 17);
    await expect.poll(() => inspector.page.locator('.pair img').count()).toBe(2);
    await inspector.page.getByRole('button', { name: '提交' }).tap();
    await expect.poll(async () => (await ask<{ attachments: { stage: string }[] }>(leader.page, 'GET', `cases/${id}`)).body.attachments.map((each) => each.stage), { timeout: 20_000 }).toContain('inspected');
    expect(inspector.complaints).toEqual([]);
    await inspector.context.close();
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

async function look(page: Page, at: string): Promise<void> {
  await page.locator('h1').waitFor();
  await page.waitForLoadState('networkidle');
  expect(await axe(page), at).toEqual([]);
  expect(await tooSmall(page), at).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), at).toBeLessThanOrEqual(0);
}

describe('the pages', () => {
  it.each([{ path: '/m', shown: '#words' }, { path: '/m/i', shown: '#login' }])('$path begins with at most 60 KB and paints within two seconds on a slow line', async ({ path, shown }) => {
    const { page, context } = await phone(city, '/pages/mark.svg');
    await slow(page, 1_600, 300);
    await page.goto(path);
    await page.locator(shown).waitFor();
    const { paint, names } = await page.evaluate(() => ({
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity,
      names: performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => name.includes('/assets/')),
    }));
    await context.close();
    let bytes = 0;
    for (const name of [`${city.base}${path}`, ...new Set(names)]) {
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

  it.each([{ dark: false, large: false }, { dark: true, large: true }])('are free of what axe finds, large enough for a thumb and no wider than the phone (dark: $dark, large: $large)', async ({ dark, large }) => {
    const citizen = await phone(city, '/m', { dark, large });
    expect(await citizen.page.evaluate(() => getComputedStyle(document.documentElement).fontSize)).toBe(large ? '22px' : '17px');
    await citizen.page.locator('#words').fill('路口积水要看看');
    await citizen.page.locator('#address').fill('青松路口');
    await citizen.page.locator('#phone').fill('13812340088');
    await look(citizen.page, 'a report half told');
    await citizen.page.getByRole('button', { name: '提交上报' }).tap();
    await citizen.page.getByText('已收到，编号').waitFor();
    await look(citizen.page, 'a report that was sent');
    await citizen.page.getByRole('link', { name: '看办理情况' }).tap();
    await citizen.page.getByText('已收到，工作人员正在查看').waitFor();
    await look(citizen.page, 'what becomes of it');
    const { no, id } = await hotlineCase('路口积水要看看');
    for (const path of ['/m#/', '/m#/mine', '/m#/find', '/m#/c/1', `/m#/c/${no}`, `/m#/j/${no}`, '/m#/k/31011801010000019']) {
      await citizen.page.goto(path);
      await look(citizen.page, path);
    }
    await citizen.context.close();

    const organisations = await ask<{ items: { id: string; code: string }[] }>(leader.page, 'GET', 'organisations?limit=200');
    await ask(leader.page, 'POST', `cases/${id}/dispatch`, { lead_organisation_id: organisations.body.items.find((each) => each.code === 'SWJ')?.id });
    const handler = await phone(city, '/m/i', { dark, large });
    await handler.page.locator('#login').waitFor();
    await look(handler.page, 'sign in');
    await signIn(handler.page, 'shuiwu');
    for (const path of ['#/', `#/job/${id}`, '#/queue']) {
      await handler.page.goto(`/m/i${path}`);
      await look(handler.page, path);
    }
    // Every form that a step asks for.
    await handler.page.goto(`/m/i#/job/${id}`);
    await handler.page.getByRole('button', { name: '签收' }).tap();
    await handler.page.getByRole('button', { name: '提交' }).tap();
    await handler.page.getByRole('button', { name: FINISH }).first().waitFor();
    for (const name of [FINISH, '退单', '转派', '延期申请', '联系群众']) {
      await handler.page.getByRole('button', { name }).first().tap();
      await look(handler.page, String(name));
    }
    await handler.context.close();
    const inspector = await phone(city, '/m/i', { dark, large });
    await signIn(inspector.page, 'jianduyuan');
    for (const path of ['#/found', '#/duty']) {
      await inspector.page.goto(`/m/i${path}`);
      await look(inspector.page, path);
    }
    await inspector.context.close();
  }, 120_000);

  it('are in English for whoever wants that, but for the names of the city', async () => {
    const { page, context } = await phone(city, '/m', { language: 'en', without: 'place' });
    for (const path of ['/m#/', '/m#/mine', '/m#/find', '/m#/f/none', '/m#/c/1', '/m/i']) {
      await page.goto(path);
      await page.locator('h1').waitFor();
      await page.waitForLoadState('networkidle');
      const text = (await page.locator('body').innerText()).replaceAll('中文', '');
      expect(text, path).not.toMatch(/[\u4e00-\u9fff]/);
    }
    await page.getByRole('button', { name: '中文' }).tap();
    await page.locator('#login').waitFor();
    await page.getByText('登录').first().waitFor();
    await context.close();
  });
});
