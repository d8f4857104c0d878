// Figures of the console in a real browser, on a city of any size. See bench/README.md.
//
//   node bench/web/figures.mjs --folder KEPT/100000 [--binary target/release/chengyun] [--minutes 20] [--rounds 7] [--changes 2]
//
// `--folder` holds a city with the accounts of the demo, as `bench lists --folder KEPT` makes it (or `chengyun demo --data-dir`); a copy of it
// is served and thrown away, so that it does not grow. Printed are medians, and the worst: scripts as they are sent with gzip; from an empty
// browser's navigation to a list whose rows can be used; from a key to the next case painted; from confirming a dispatch to its being painted,
// there and in a second browser that shows the case; and what a page holds over `--minutes` of changes, `--changes` of them a second.

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '../..');
const { chromium } = createRequire(join(root, 'web/package.json'))('playwright-core');

const { values: options } = parseArgs({ options: {
  folder: { type: 'string' }, binary: { type: 'string', default: join(root, 'target/release/chengyun') },
  minutes: { type: 'string', default: '20' }, rounds: { type: 'string', default: '7' }, changes: { type: 'string', default: '2' },
} });
if (options.folder === undefined) throw new Error('--folder is needed: the folder of a city');
const [minutes, rounds, changes] = ['minutes', 'rounds', 'changes'].map((name) => {
  const value = Number(options[name]);
  if (!(value >= 0)) throw new Error(`--${name} is no number`);
  return value;
});

const PASSWORD = 'Chengyun#2026';
const KEYS_A_ROUND = 3;
const SAMPLE_MS = 15_000;
const say = (text) => process.stdout.write(`${text}\n`);
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const sorted = (all) => all.toSorted((a, b) => a - b);
const median = (all) => sorted(all)[Math.floor(all.length / 2)] ?? NaN;
const told = (all, must) => `${Math.round(median(all))} ms, the worst of ${all.length} ${Math.round(Math.max(...all))} (must ${must})`;
const mib = (bytes) => (bytes / (1 << 20)).toFixed(1);

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

const copy = mkdtempSync(join(tmpdir(), 'chengyun-figures-'));
cpSync(options.folder, copy, { recursive: true });
const address = `127.0.0.1:${await freePort()}`;
const base = `http://${address}`;
const program = spawn(options.binary, ['serve', '--data-dir', copy, '--listen', address], { stdio: ['ignore', 'ignore', 'pipe'] });
let log = '';
program.stderr.on('data', (piece) => { log = (log + piece).slice(-20_000); });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-quic', '--no-first-run', '--disable-background-networking', '--enable-precise-memory-info'],
});

async function ready() {
  for (let n = 0; n < 1200; n += 1) {
    if (program.exitCode !== null) throw new Error(`the program ended: ${log}`);
    const answer = await fetch(`${base}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error(`the program does not answer: ${log}`);
}

/** Somebody who asks the API without a browser. */
async function person(name) {
  const answer = await fetch(`${base}/api/v1/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login_name: name, password: PASSWORD }) });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { csrf_token: csrf } = await answer.json();
  return async (method, path, body) => {
    const headers = { Cookie: cookie, 'X-CSRF-Token': csrf, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
    const reply = await fetch(`${base}/api/v1/${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await reply.json().catch(() => ({}));
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(text)}`);
    return text;
  };
}

const states = new Map();
/** A new browser with the session and nothing else: no file is kept. */
async function signedIn(name) {
  if (!states.has(name)) {
    const context = await browser.newContext({ baseURL: base });
    const page = await context.newPage();
    await page.goto('/sign-in');
    await page.fill('#login', name);
    await page.fill('#password', PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname !== '/sign-in');
    states.set(name, await context.storageState());
    await context.close();
  }
  return await browser.newContext({ baseURL: base, storageState: states.get(name), viewport: { width: 1440, height: 900 } });
}

/** The time of this machine at which a frame that shows it has been handed on. */
const painted = (page, look, before) => page.evaluate(([what, known]) => new Promise((resolve) => {
  // Not made of text: the server's policy refuses that.
  const holds = () => {
    const article = document.querySelector('article');
    return what === 'next' ? article?.dataset.case !== undefined && article.dataset.case !== known : article?.dataset.stage === 'handling';
  };
  const wait = () => {
    if (holds()) requestAnimationFrame(() => setTimeout(() => resolve(performance.timeOrigin + performance.now())));
    else requestAnimationFrame(wait);
  };
  wait();
}), [look, before]);
/** The time at which a key was pressed in the page. */
const stamp = (page) => page.evaluate(() => {
  addEventListener('keydown', () => { globalThis.pressedAt = performance.timeOrigin + performance.now(); }, { capture: true });
});
const pressed = (page) => page.evaluate(() => globalThis.pressedAt);

async function sizes() {
  const context = await signedIn('zhibanzhang');
  const page = await context.newPage();
  await page.goto('/cases?box=doing');
  await page.locator('.grid-row').first().waitFor();
  await page.locator('.map-view[data-drawn]').waitFor();
  const names = await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name));
  await context.close();
  let [first, map] = [0, 0];
  for (const name of new Set(names.filter((each) => /\.(js|css)$/.test(each)))) {
    const head = await fetch(name, { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } });
    const bytes = Number(head.headers.get('content-length'));
    if (/\/(MapView|maplibre)[^/]*$/.test(name)) map += bytes;
    else if (name.endsWith('.js')) first += bytes;
  }
  say(`scripts with gzip: first route ${Math.round(first / 1024)} KB (must 180), map ${Math.round(map / 1024)} KB (must 440)`);
}

async function lists() {
  const [usable, keys] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    const context = await signedIn('zhibanzhang');
    const page = await context.newPage();
    await page.goto('/cases?box=doing');
    await page.locator('.grid-row').first().waitFor();
    usable.push(await page.evaluate(() => performance.now()));
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.locator('article[data-case]').waitFor();
    await stamp(page);
    // Again and again, as somebody reads: the first time nothing has been fetched ahead.
    for (let n = 0; n < KEYS_A_ROUND; n += 1) {
      await sleep(700);
      const next = painted(page, 'next', await page.locator('article').getAttribute('data-case'));
      await page.keyboard.press('j');
      keys.push(await next - await pressed(page));
    }
    await context.close();
  }
  say(`list usable, of cases in progress, from an empty browser: ${told(usable, 1500)}`);
  say(`next case by key: ${told(keys, 100)}`);
}

let kind = null;
/** Of what the cases are that are made here. */
async function kindOf(leader) {
  const { items: standards } = await leader('GET', 'standards');
  const standard = standards.find((each) => each.code === 'demo') ?? standards[0];
  const { items: categories } = await leader('GET', `standards/${standard.id}/categories?kind=event&limit=200`);
  const category = categories.find((each) => each.name === '道路积水') ?? categories.find((each) => each.parent_id);
  const { rule_rows: [rule] } = await leader('GET', `categories/${category.id}`);
  return { category_id: category.id, rule_row_id: rule.id };
}
/** Cases of standing water, filed and to be dispatched. */
async function filed(leader, count) {
  kind ??= await kindOf(leader);
  const { category_id, rule_row_id } = kind;
  const ids = [];
  for (let n = 0; n < count; n += 1) {
    const opened = await leader('POST', 'reports', {
      source: 'hotline', title: `盈港路${n + 1}号路口积水`, detail: '积水没过脚踝', place: { lon: 121.11 + n * 1e-4, lat: 31.15 }, open_case: { category_id },
    });
    await leader('POST', `cases/${opened.case.id}/file`, { rule_row_id });
    ids.push(opened.case.id);
  }
  return ids;
}

async function dispatches(leader) {
  const [there, elsewhere] = [[], []];
  const [one, two] = [await signedIn('paiqian'), await signedIn('zhibanzhang')];
  const [desk, other] = [await one.newPage(), await two.newPage()];
  for (const id of await filed(leader, rounds)) {
    await desk.goto(`/cases?box=todo&case=${id}`);
    await other.goto(`/cases/${id}`);
    await Promise.all([desk, other].flatMap((page) => [page.locator('article[data-stage="filed"]').waitFor(), page.locator('.live.ok').waitFor()]));
    await desk.keyboard.press('d');
    await desk.locator('.suggestion').waitFor();
    const lead = desk.getByRole('combobox', { name: '主办单位' });
    if ((await lead.inputValue()) === '') {
      await lead.fill('区水务局');
      await desk.locator('[role="listbox"]:visible [role="option"]', { hasText: '区水务局' }).first().waitFor();
      await desk.keyboard.press('Enter');
    }
    await stamp(desk);
    const seen = Promise.all([painted(desk, 'handling'), painted(other, 'handling')]);
    await desk.keyboard.press('Control+Enter');
    const [here, away] = await seen;
    const began = await pressed(desk);
    there.push(here - began);
    elsewhere.push(away - began);
  }
  await Promise.all([one.close(), two.close()]);
  say(`dispatch to paint: ${told(there, 250)}`);
  say(`seen in a second browser: ${told(elsewhere, 500)}`);
}

/** What a page holds that shows a list and a case while others work: after collecting what is free, so that only what is kept counts. */
async function memory(leader) {
  const context = await signedIn('zhibanzhang');
  const page = await context.newPage();
  await page.goto('/cases?box=doing&sort=newest');
  await page.locator('.grid-row').first().waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.locator('article[data-case]').waitFor();
  await page.locator('.live.ok').waitFor();
  const watched = await page.locator('article').getAttribute('data-case');
  const devtools = await context.newCDPSession(page);
  await devtools.send('Performance.enable');
  const samples = [];
  const sample = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.getMetrics');
    const of = (name) => metrics.find((each) => each.name === name)?.value ?? 0;
    samples.push({ heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') });
  };
  const until = Date.now() + minutes * 60_000;
  let [made, last] = [0, 0];
  await sample();
  while (Date.now() < until) {
    const began = Date.now();
    // New cases that fall into the list, and the case that is shown changed.
    if (made % 2 === 0) await filed(leader, 1);
    else await leader('POST', `cases/${watched}/mark`, { important: (made >> 1) % 2 === 0 });
    made += 1;
    if (Date.now() - last > SAMPLE_MS) {
      // Whoever works looks at what is new.
      await page.keyboard.press('n');
      await sleep(500);
      await sample();
      last = Date.now();
    }
    await sleep(Math.max(0, 1000 / changes - (Date.now() - began)));
  }
  await sample();
  await context.close();
  // The first minute warms up; of what follows the first third is compared with the last.
  const steady = samples.slice(Math.min(4, Math.floor(samples.length / 4)));
  const third = Math.max(1, Math.floor(steady.length / 3));
  const mean = (all, of) => all.reduce((sum, each) => sum + each[of], 0) / all.length;
  const growth = (of) => (100 * (mean(steady.slice(-third), of) / mean(steady.slice(0, third), of) - 1)).toFixed(1);
  say(`memory over ${minutes} minutes of ${made} changes, ${samples.length} samples: heap at first ${mib(samples[0].heap)}, at most ${mib(Math.max(...samples.map((each) => each.heap)))}, at last ${mib(samples.at(-1).heap)} MiB; `
    + `last third against first: heap ${growth('heap')} %, nodes ${growth('nodes')} %, listeners ${growth('listeners')} % (must be flat)`);
}

try {
  await ready();
  const leader = await person('zhibanzhang');
  const counts = await leader('GET', 'cases/counts');
  say(`boxes of the shift leader: ${JSON.stringify(counts)}`);
  await sizes();
  await lists();
  await dispatches(leader);
  if (minutes > 0) await memory(leader);
} finally {
  await browser.close();
  program.kill('SIGTERM');
  await new Promise((resolve) => { if (program.exitCode === null) program.once('exit', resolve); else resolve(); });
  rmSync(copy, { recursive: true, force: true });
}
