// A phone: small, touched, with a place and a camera, and a network that can go.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import type { City } from './city';

export const PLACE = { longitude: 121.1201, latitude: 31.1501 };

export interface Phone {
  context: BrowserContext;
  page: Page;
  /** What the page complained of: scripts that failed, and what the server's policy refused. */
  complaints: string[];
}

export async function phone(city: City, path: string, options: { dark?: boolean; language?: 'en'; large?: boolean; withoutWorker?: boolean; without?: 'place' | 'camera' } = {}): Promise<Phone> {
  const context = await city.browser.newContext({
    baseURL: city.base, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2,
    geolocation: PLACE, permissions: options.without === 'place' ? ['camera'] : ['geolocation', 'camera'], colorScheme: options.dark === true ? 'dark' : 'light',
    // What goes through the worker is not seen by those who stand in the way of requests.
    serviceWorkers: options.withoutWorker === true ? 'block' : 'allow',
  });
  const look = JSON.stringify({ ...(options.language === undefined ? {} : { language: options.language }), ...(options.large === true ? { large: true } : {}) });
  await context.addInitScript((kept) => { localStorage.setItem('chengyun.m', kept); }, look);
  // As somebody who says no; the browser of these tests gives its camera to everybody.
  if (options.without === 'camera') {
    await context.addInitScript(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')); });
  }
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) complaints.push(message.text());
  });
  await page.goto(path);
  return { context, page, complaints };
}

/** What a camera makes: large, and no two the same. */
export async function picture(page: Page, seed: number): Promise<Buffer> {
  const base64 = await page.evaluate(async (start) => {
    const canvas = document.createElement('canvas');
    canvas.width = 2400;
    canvas.height = 1800;
    const context = canvas.getContext('2d');
    if (context === null) return '';
    const data = context.createImageData(2400, 1800);
    let value = start;
    for (let at = 0; at < data.data.length; at += 4) {
      value = (value * 1_103_515_245 + 12_345) % 2_147_483_648;
      data.data.set([value % 256, (value >> 8) % 256, at % 256, 255], at);
    }
    context.putImageData(data, 0, 0);
    return canvas.toDataURL('image/jpeg', 0.95).split(',')[1] ?? '';
  }, seed);
  return Buffer.from(base64, 'base64');
}

/** Takes a photo with the first camera of the page. */
export async function shoot(page: Page, seed: number, nth = 0): Promise<void> {
  const buffer = await picture(page, seed);
  const before = await page.locator('.photos img[src^="data:"]').count();
  await page.locator('input[type=file][capture]').nth(nth).setInputFiles({ name: 'IMG.jpg', mimeType: 'image/jpeg', buffer });
  await page.waitForFunction((count) => document.querySelectorAll('.photos img[src^="data:"]').length > count, before);
}

/** A line as slow as in a lift: kilobits a second, milliseconds there and back. */
export async function slow(page: Page, kilobits: number, milliseconds: number): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', {
    offline: false, latency: milliseconds, downloadThroughput: (kilobits * 1024) / 8, uploadThroughput: (kilobits * 1024) / 8,
  });
  return session;
}

export async function signIn(page: Page, login: string): Promise<void> {
  await page.locator('#login').fill(login);
  await page.locator('#password').fill('Chengyun#2026');
  await page.locator('button[type=submit]').tap();
  await page.locator('.bar').waitFor();
}

/** What axe finds against the page. */
export async function axe(page: Page): Promise<string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  return await page.evaluate(async () => {
    const run = (window as unknown as { axe: { run: (options: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } }).axe;
    const { violations } = await run.run({ runOnly: ['wcag2a', 'wcag2aa'] });
    return violations.map((each) => `${each.id}: ${each.nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' ')}`);
  });
}

/** What may be touched and is smaller than a finger. */
export const tooSmall = (page: Page): Promise<string[]> => page.evaluate(() => [...document.querySelectorAll('button, a, input:not(.sr), select, textarea')]
  .map((each) => ({ each, box: each.getBoundingClientRect() }))
  .filter(({ box }) => box.width > 0 && (box.height < 44 || box.width < 44))
  .map(({ each, box }) => `${each.outerHTML.slice(0, 80)} ${Math.round(box.width)}x${Math.round(box.height)}`));
