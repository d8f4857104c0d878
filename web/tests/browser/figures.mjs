// Figures of the console. Usage: node tests/browser/figures.mjs ADDRESS LOGIN, with the program serving a city at ADDRESS.
// Prints medians of seven: from an empty browser's navigation to a list whose rows can be used, and from a key to the next case on the screen.

import { chromium } from 'playwright-core';

const [base = 'http://127.0.0.1:8080', login = 'zhibanzhang'] = process.argv.slice(2);
const ROUNDS = 7;
const median = (all) => Math.round(all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]);

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'] });
const usable = [];
const keys = [];
let bytes = 0;
for (let round = 0; round < ROUNDS; round += 1) {
  const signing = await browser.newContext({ baseURL: base });
  const first = await signing.newPage();
  await first.goto('/sign-in');
  await first.fill('#login', login);
  await first.fill('#password', 'Chengyun#2026');
  await first.keyboard.press('Enter');
  await first.waitForURL((url) => url.pathname !== '/sign-in');
  // A new browser with the session and nothing else: no file is kept.
  const context = await browser.newContext({ baseURL: base, storageState: await signing.storageState(), viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto('/cases?box=doing');
  await page.locator('.grid-row').first().waitFor();
  usable.push(await page.evaluate(() => performance.now()));
  bytes = await page.evaluate(() => performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('.js')).reduce((sum, entry) => sum + entry.encodedBodySize, 0));
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.locator('article[data-case]').waitFor();
  await page.waitForTimeout(500);
  const before = await page.locator('article').getAttribute('data-case');
  const took = await page.evaluate((known) => new Promise((resolve) => {
    const began = performance.now();
    dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }));
    const look = () => {
      const shown = document.querySelector('article')?.dataset.case;
      if (shown !== undefined && shown !== known) resolve(performance.now() - began);
      else requestAnimationFrame(look);
    };
    look();
  }), before);
  keys.push(took);
  await context.close();
  await signing.close();
}
await browser.close();
process.stdout.write(`list usable ${median(usable)} ms; next case by key ${median(keys)} ms; scripts ${Math.round(bytes / 1024)} KB as sent\n`);
