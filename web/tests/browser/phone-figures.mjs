// Figures of the pages for phones. Usage: node tests/browser/phone-figures.mjs ADDRESS [LOGIN], with the program serving a city at ADDRESS.
// Prints medians of five on a line of 1.6 Mbit/s with 300 ms there and back, from an empty browser: first paint, and until the page can be used;
// what the first screen and the map weigh as they are sent; how long a photo of twelve megapixels takes to become at most 400 KB; and how long
// writing a report with it down takes without network.

import { chromium } from 'playwright-core';

const [base = 'http://127.0.0.1:8080', login = 'jianduyuan'] = process.argv.slice(2);
const ROUNDS = 5;
const median = (all) => Math.round(all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'] });
const phone = () => browser.newContext({
  baseURL: base, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2, geolocation: { longitude: 121.1201, latitude: 31.1501 }, permissions: ['geolocation'], serviceWorkers: 'block',
});
const weigh = async (page, wanted) => {
  const names = await page.evaluate(() => [...new Set(performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => name.includes('/assets/')))]);
  let bytes = 0;
  for (const name of names.filter(wanted)) bytes += Number((await fetch(name, { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } })).headers.get('content-length'));
  return Math.round(bytes / 1024);
};
const slow = async (page) => {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 300, downloadThroughput: (1600 * 1024) / 8, uploadThroughput: (1600 * 1024) / 8 });
};
const isOfMap = (name) => /maplibre|PlaceMap/.test(name);

for (const [path, usable] of [['/m', '#words'], ['/m/i', '#login']]) {
  const paints = [];
  const ready = [];
  let kilobytes = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const context = await phone();
    const page = await context.newPage();
    await page.goto('/pages/mark.svg');
    await slow(page);
    await page.goto(path);
    await page.locator(usable).waitFor();
    ready.push(await page.evaluate(() => performance.now()));
    paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN));
    kilobytes = await weigh(page, () => true);
    await context.close();
  }
  process.stdout.write(`${path}: first paint ${median(paints)} ms, usable ${median(ready)} ms, ${kilobytes} KB of scripts and styles\n`);
}

const context = await phone();
const page = await context.newPage();
await page.goto('/m');
await page.getByText('已定位').waitFor();
const before = Date.now();
await page.getByRole('button', { name: '在地图上选' }).tap();
await page.locator('.place-map[data-drawn]').waitFor();
const drawn = Date.now() - before;
process.stdout.write(`map: ${await weigh(page, isOfMap)} KB, drawn ${drawn} ms after it is asked for on a fast line (software rendering)\n`);
await page.getByRole('button', { name: '取消' }).tap();

const base64 = await page.evaluate(() => {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 4000, height: 3000 });
  const drawing = canvas.getContext('2d');
  // Much to see, as on a street: no two patches alike.
  for (let n = 0; n < 40_000; n += 1) {
    drawing.fillStyle = `hsl(${(n * 137) % 360} 60% ${20 + (n % 60)}%)`;
    drawing.fillRect((n * 7919) % 4000, (n * 104_729) % 3000, 20 + (n % 90), 20 + (n % 70));
  }
  return canvas.toDataURL('image/jpeg', 0.92).split(',')[1];
});
const photo = Buffer.from(base64, 'base64');
const shrinks = [];
const writes = [];
await context.setOffline(true);
for (let round = 0; round < ROUNDS; round += 1) {
  const began = Date.now();
  await page.locator('input[type=file][capture]').setInputFiles({ name: 'IMG.jpg', mimeType: 'image/jpeg', buffer: photo });
  await page.locator('.photos img[src^="data:"]').waitFor();
  shrinks.push(Date.now() - began);
  await page.locator('#words').fill(`测量 ${round}`);
  const written = Date.now();
  await page.getByRole('button', { name: '提交上报' }).tap();
  await page.getByText('还在手机里').waitFor();
  writes.push(Date.now() - written);
  await page.getByRole('button', { name: '再报一件' }).tap();
}
await context.close();
process.stdout.write(`photo of 12 megapixels and ${Math.round(photo.length / 1024)} KB made small in ${median(shrinks)} ms; a report with it written down in ${median(writes)} ms without network\n`);

const field = await phone();
const jobs = await field.newPage();
await jobs.goto('/m/i');
await jobs.locator('#login').fill(login);
await jobs.locator('#password').fill(process.env.PASSWORD ?? 'Chengyun#2026');
await jobs.locator('button[type=submit]').tap();
await jobs.locator('.bar').waitFor();
await slow(jobs);
const times = [];
for (let round = 0; round < ROUNDS; round += 1) {
  await jobs.reload();
  await jobs.locator('.job, .card.quiet').first().waitFor();
  times.push(await jobs.evaluate(() => performance.now()));
}
process.stdout.write(`tasks of somebody in the field, opened again on the slow line: ${median(times)} ms\n`);
await browser.close();
