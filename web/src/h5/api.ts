import { look } from './look';

/** A wrong field as the server names it. */
export interface WrongField { field: string; code: string; title?: string }

/** Why something could not be done: the server's problem, or that it was not reached (status 0). */
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, readonly title: string, readonly fields: readonly WrongField[], readonly current: unknown) {
    super(`${status} ${code}`);
  }

  /** Whether the same request may be answered otherwise before long. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export const credentials = { csrf: '' };

let signedOut = (): void => {};

/** Called when the server does not know the session of whoever works here. */
export function onSignedOut(act: () => void): void {
  signedOut = act;
}

let skew = 0;

/** The time as the server has it: clocks of phones go wrong. */
export const serverNow = (): Date => new Date(Date.now() + skew);

interface Ask {
  body?: unknown;
  raw?: BodyInit;
  key?: string;
  bearer?: string;
  version?: number;
}

/** Asks the API. Whatever is not a success is thrown as `ApiError`. */
export async function ask<T>(method: string, path: string, options: Ask = {}): Promise<T> {
  const headers: Record<string, string> = { 'Accept-Language': look.language };
  let sent: BodyInit | null = options.raw ?? null;
  if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    sent = JSON.stringify(options.body);
  } else if (options.raw !== undefined) headers['Content-Type'] = 'application/octet-stream';
  if (options.key !== undefined) headers['Idempotency-Key'] = options.key;
  if (options.bearer !== undefined) headers['Authorization'] = `Bearer ${options.bearer}`;
  if (options.version !== undefined) headers['If-Match'] = `"${options.version}"`;
  if (credentials.csrf !== '') headers['X-CSRF-Token'] = credentials.csrf;
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/${path}`, { method, headers, body: sent });
  } catch {
    throw new ApiError(0, 'unreachable', '', [], null);
  }
  const date = Date.parse(answer.headers.get('Date') ?? '');
  if (!Number.isNaN(date)) skew = Math.abs(date - Date.now()) < 2_000 ? 0 : date - Date.now();
  const told = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  if (answer.ok) return told as T;
  // Wrong words at signing in end no session, and the links of the public have none.
  if (answer.status === 401 && !(path === 'session' && method === 'POST') && !path.startsWith('portal')) signedOut();
  throw new ApiError(
    answer.status, typeof told['code'] === 'string' ? told['code'] : 'unreachable', typeof told['title'] === 'string' ? told['title'] : '',
    Array.isArray(told['fields']) ? (told['fields'] as WrongField[]) : [], told['current'],
  );
}

/** A secret that nobody guesses. */
export function drawn(): string {
  // randomUUID is not there on plain HTTP, where many cities begin.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
