// The built program with a small demo city, and a browser that looks at it.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

type State = Awaited<ReturnType<BrowserContext['storageState']>>;

const PASSWORD = 'Chengyun#2026';
const START_MS = 60_000;

export interface City {
  base: string;
  browser: Browser;
  /** The sessions of those who have signed in, by login. */
  sessions: Map<string, State>;
  /** What the program has written into its log. */
  log: () => string;
  /** Ends the program at once, as a power cut does (`kill -9`). */
  kill: () => Promise<void>;
  /** The program again, at the same address and with the same data. */
  start: () => Promise<void>;
  close: () => Promise<void>;
}

function binary(): string {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(import.meta.dirname, '../../../target');
  return process.env['BUILT_BINARY'] ?? join(target, 'debug/chengyun');
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function ready(base: string, program: ChildProcess): Promise<void> {
  const until = Date.now() + START_MS;
  while (Date.now() < until) {
    if (program.exitCode !== null) throw new Error(`the program ended with ${program.exitCode}`);
    const answer = await fetch(`${base}/readyz`).catch(() => null);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the program does not answer');
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, 'exit');
  child.kill(signal);
  await end;
}

export async function openCity(): Promise<City> {
  const folder = mkdtempSync(join(tmpdir(), 'chengyun-browser-'));
  const base = `http://127.0.0.1:${await freePort()}`;
  let written = '';
  const run = (): ChildProcess => {
    const child = spawn(binary(), ['demo', '--small', '--data-dir', folder], {
      env: { ...process.env, CHENGYUN_LISTEN: base.slice('http://'.length) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.on('data', (piece: Buffer) => { written += piece.toString(); });
    return child;
  };
  let program = run();
  await ready(base, program);
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      // A camera that shows a clock, and is given to whoever may have it.
      '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  });
  return {
    base,
    browser,
    sessions: new Map(),
    log: () => written,
    kill: () => ended(program, 'SIGKILL'),
    start: async () => {
      program = run();
      await ready(base, program);
    },
    close: async () => {
      await browser.close();
      await ended(program, 'SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Desk {
  context: BrowserContext;
  page: Page;
  /** What the page complained of: scripts that failed, and what the server's policy refused. */
  complaints: string[];
}

/** A browser of somebody's own where they are signed in: by keyboard, the first time or where a session of its own is wanted. */
export async function desk(city: City, login: string, options: { dark?: boolean; anew?: boolean } = {}): Promise<Desk> {
  const known = options.anew === true ? undefined : city.sessions.get(login);
  const context = await city.browser.newContext({
    baseURL: city.base, colorScheme: options.dark === true ? 'dark' : 'light', viewport: { width: 1440, height: 900 }, ...(known === undefined ? {} : { storageState: known }),
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  // Somebody listens from the beginning: a window for choosing files that opens before is the system's, and nobody hears of it.
  page.on('filechooser', () => {});
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) complaints.push(message.text());
  });
  if (known !== undefined) {
    await page.goto('/');
    await page.locator('.bar').waitFor();
    await page.waitForURL((url) => url.pathname !== '/');
    return { context, page, complaints };
  }
  await page.goto('/sign-in');
  await page.locator('#login').waitFor();
  await page.keyboard.type(login);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname !== '/sign-in');
  // Of the session only: what pages keep in the browser is each desk's own.
  if (options.anew !== true) city.sessions.set(login, { cookies: await context.cookies(), origins: [] });
  return { context, page, complaints };
}

/** Asks the API as whoever is signed in in the page. */
export async function ask<T>(page: Page, method: string, path: string, input?: unknown): Promise<{ status: number; body: T }> {
  return await page.evaluate(async ({ verb, to, text }) => {
    const session = await (await fetch('/api/v1/session')).json() as { csrf_token: string };
    const answer = await fetch(`/api/v1/${to}`, {
      method: verb, headers: { 'X-CSRF-Token': session.csrf_token, ...(text === undefined ? {} : { 'Content-Type': 'application/json' }) }, ...(text === undefined ? {} : { body: text }),
    });
    return { status: answer.status, body: await answer.json().catch(() => null) as never };
  }, { verb: method, to: path, text: input === undefined ? undefined : JSON.stringify(input) });
}

/** A case of standing water, filed and to be dispatched: its id. */
export async function filedCase(clerk: Page, leader: Page, title: string, source = 'hotline'): Promise<string> {
  const standard = (await ask<{ items: { id: string }[] }>(clerk, 'GET', 'standards')).body.items[0]?.id ?? '';
  const categories = (await ask<{ items: { id: string; name: string; kind: string }[] }>(clerk, 'GET', `standards/${standard}/categories?limit=200`)).body.items;
  const category = categories.find((each) => each.kind === 'event' && each.name === '道路积水')?.id ?? '';
  const rule = (await ask<{ rule_rows: { id: string }[] }>(clerk, 'GET', `categories/${category}`)).body.rule_rows[0]?.id ?? '';
  const opened = await ask<{ case: { id: string } }>(clerk, 'POST', 'reports', {
    source, title, detail: title, place: { area_code: '310118001' }, reporter: { name: '李某', phone: '13800000000' }, open_case: { category_id: category },
  });
  const { id } = opened.body.case;
  const filed = await ask(leader, 'POST', `cases/${id}/file`, { rule_row_id: rule });
  if (filed.status !== 200) throw new Error(`not filed: ${filed.status}`);
  return id;
}
