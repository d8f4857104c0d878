// What people at desks do, by keyboard where it says so.

import type { Page } from 'playwright-core';
import { ask } from './city';

export interface CaseSeen {
  case_no: string;
  version: number;
  stage: string;
  timeline: { kind: string }[];
  tasks: { id: string; state: string; organisation: { id: string } }[];
  report_ids: string[];
}
export const caseOf = async (page: Page, id: string): Promise<CaseSeen> => (await ask<CaseSeen>(page, 'GET', `cases/${id}`)).body;

/** The id of the organisation with this code. */
export async function organisation(page: Page, code: string): Promise<string> {
  const all = (await ask<{ items: { id: string; code: string }[] }>(page, 'GET', 'organisations')).body.items;
  return all.find((each) => each.code === code)?.id ?? '';
}

export const stage = (page: Page, wanted: string): Promise<void> => page.locator(`article[data-stage="${wanted}"]`).waitFor();

/** Types a part of a name into the list that has the focus, and takes the first that fits. */
export async function pick(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text);
  await page.locator('[role="listbox"]:visible [role="option"]', { hasText: text }).first().waitFor();
  await page.keyboard.press('Enter');
}

export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let n = 0; n < 80; n += 1) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no way to ${selector} by Tab`);
}

/** Any picture will do as a photo: what the page looks like. By keyboard but for the window of the system, which is nobody's page. */
export async function attach(page: Page, form: string, name: string): Promise<void> {
  const buffer = await page.screenshot({ type: name.endsWith('.png') ? 'png' : 'jpeg' });
  await tabTo(page, `${form} .upload button`);
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Enter')]);
  await chooser.setFiles({ name, mimeType: 'application/octet-stream', buffer });
  await page.locator(`${form} [data-upload="done"] img`).waitFor();
}

/** Opens a case by Ctrl K and its number. */
export async function openByNumber(page: Page, no: string): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.locator('.palette input').waitFor();
  await page.keyboard.type(no);
  await page.locator('.palette [role="option"] .number', { hasText: no }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('article.detail', { hasText: no }).waitFor();
}

/** Opens the row with this text by J and Enter. */
export async function openRow(page: Page, text: string): Promise<void> {
  await page.locator('.grid-row', { hasText: text }).first().waitFor();
  // So that Enter is for the row, wherever the keys were before.
  await page.keyboard.press('k');
  for (let n = 0; n < 60; n += 1) {
    if ((await page.locator('.grid-row.active', { hasText: text }).count()) > 0) {
      await page.keyboard.press('Enter');
      return;
    }
    await page.keyboard.press('j');
    await page.waitForTimeout(50);
  }
  throw new Error(`no way to the row ${text} by J`);
}

const watch = (): void => { addEventListener('mousedown', () => sessionStorage.setItem('mouse', 'used'), { capture: true }); };
/** Notes whether anybody takes the mouse from now on; `usedMouse` says so. */
export async function watchMouse(page: Page): Promise<void> {
  await page.addInitScript(watch);
  await page.evaluate(watch);
}
export const usedMouse = (page: Page): Promise<boolean> => page.evaluate(() => sessionStorage.getItem('mouse') !== null);
