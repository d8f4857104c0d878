// Figures of the console. Usage: node tests/browser/figures.mjs ADDRESS [LOGIN [DISPATCHER]], with the program serving a city at ADDRESS.
// Prints medians of seven: from an empty browser's navigation to a list whose rows can be used; from a key to the next case painted; from
// confirming a dispatch to its being painted; and until a second browser that shows the case has painted it. Each dispatch is taken back.

import { chromium } from 'playwright-core';

const [base = 'http://127.0.0.1:8080', login = 'zhibanzhang', dispatcher = 'paiqian'] = process.argv.slice(2);
const ROUNDS = 7;
const median = (all) => (all.length === 0 ? NaN : Math.round(all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]));

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'] });

async function signedIn(name) {
  const signing = await browser.newContext({ baseURL: base });
  const first = await signing.newPage();
  await first.goto('/sign-in');
  await first.fill('#login', name);
  await first.fill('#password', 'Chengyun#2026');
  await first.keyboard.press('Enter');
  await first.waitForURL((url) => url.pathname !== '/sign-in');
  const state = await signing.storageState();
  await signing.close();
  // A new browser with the session and nothing else: no file is kept.
  return await browser.newContext({ baseURL: base, storageState: state, viewport: { width: 1440, height: 900 } });
}
/** Milliseconds from now until `told` holds and a frame that shows it has been handed on. */
const painted = (page, told, seed) => page.evaluate(([look, known]) => new Promise((resolve) => {
  // Not made of text: the server's policy refuses that.
  const holds = () => {
    const article = document.querySelector('article');
    return look === 'next' ? article?.dataset.case !== undefined && article.dataset.case !== known.before : article?.dataset.stage === 'handling';
  };
  const began = performance.now();
  if (known !== null && known.key) dispatchEvent(new KeyboardEvent('keydown', { key: known.key, bubbles: true }));
  const wait = () => {
    if (holds()) requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
    else requestAnimationFrame(wait);
  };
  wait();
}), [told, seed]);

const usable = [];
const keys = [];
let bytes = 0;
for (let round = 0; round < ROUNDS; round += 1) {
  const context = await signedIn(login);
  const page = await context.newPage();
  await page.goto('/cases?box=doing');
  await page.locator('.grid-row').first().waitFor();
  usable.push(await page.evaluate(() => performance.now()));
  bytes = await page.evaluate(() => performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('.js')).reduce((sum, entry) => sum + entry.encodedBodySize, 0));
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.locator('article[data-case]').waitFor();
  // Again and again, as somebody reads: the first time nothing has been fetched ahead.
  for (let n = 0; n < 3; n += 1) {
    await page.waitForTimeout(700);
    const before = await page.locator('article').getAttribute('data-case');
    keys.push(await painted(page, 'next', { before, key: 'j' }));
  }
  await context.close();
}

const dispatches = [];
const seconds = [];
const [one, two] = [await signedIn(dispatcher), await signedIn(login)];
const [desk, other] = [await one.newPage(), await two.newPage()];
await desk.goto('/cases?box=todo&stage=filed');
await desk.locator('.grid-row, .state').first().waitFor();
const ids = await desk.locator('.grid-row').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-id')));
for (const id of ids.slice(0, ROUNDS)) {
  await desk.goto(`/cases?box=todo&case=${id}`);
  await other.goto(`/cases/${id}`);
  await desk.locator('article[data-stage="filed"]').waitFor();
  await other.locator('article[data-stage="filed"]').waitFor();
  await Promise.all([desk, other].map((page) => page.locator('.live.ok').waitFor()));
  await desk.keyboard.press('d');
  await desk.locator('.suggestion').waitFor();
  const lead = desk.getByRole('combobox', { name: '主办单位' });
  if ((await lead.inputValue()) === '') continue;
  const seen = painted(other, 'handling', null);
  const done = painted(desk, 'handling', null);
  await desk.keyboard.press('Control+Enter');
  dispatches.push(await done);
  seconds.push(await seen);
  await desk.locator('[data-undo]').waitFor();
  await desk.keyboard.press('z');
  await desk.locator('article[data-stage="filed"]').waitFor();
}
await browser.close();
process.stdout.write(
  `list usable ${median(usable)} ms; next case by key ${median(keys)} ms (slowest ${Math.round(Math.max(...keys))}); scripts ${Math.round(bytes / 1024)} KB as sent; `
  + `dispatch to paint ${median(dispatches)} ms; in a second browser ${median(seconds)} ms (${dispatches.length} dispatches)\n`,
);
