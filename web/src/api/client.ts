import createClient, { type Middleware } from 'openapi-fetch';
import { i18n } from '@/i18n';
import { learnTime } from '@/shared/clock';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

/** A wrong field as the server names it. */
export interface WrongField {
  field: string;
  code: string;
  title?: string;
  message?: string;
}

/** Why something could not be done: the server's problem, or that it was not reached (status 0). */
export class AppError extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly requestId: string;
  readonly fields: readonly WrongField[];
  readonly current: unknown;

  constructor(status: number, told: Record<string, unknown>, requestId: string) {
    const code = typeof told['code'] === 'string' ? told['code'] : 'unreachable';
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
    this.title = typeof told['title'] === 'string' ? told['title'] : i18n.global.t('state.failed');
    this.requestId = typeof told['request_id'] === 'string' ? told['request_id'] : requestId;
    this.fields = Array.isArray(told['fields']) ? (told['fields'] as WrongField[]) : [];
    this.current = told['current'];
  }

  /** Whether the request may have taken effect without our hearing of it. */
  get isUncertain(): boolean {
    return this.status === 0 || this.status === 504;
  }
}

/** What the session gave us, for every unsafe request; and whom to tell that it is over. */
export const credentials = { csrf: '', ended: (): void => {} };

const middleware: Middleware = {
  onRequest({ request }) {
    request.headers.set('Accept-Language', i18n.global.locale.value);
    if (request.method !== 'GET' && credentials.csrf !== '') {
      request.headers.set('X-CSRF-Token', credentials.csrf);
    }
    return request;
  },
  async onResponse({ request, response }) {
    learnTime(response.headers.get('Date'));
    if (response.ok) return response;
    const requestId = response.headers.get('X-Request-Id') ?? '';
    const told = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    const error = new AppError(response.status, told, requestId);
    const isSigningIn = request.method === 'POST' && request.url.endsWith('/api/v1/session');
    if (response.status === 401 && !isSigningIn) credentials.ended();
    throw error;
  },
  onError() {
    return new AppError(0, {}, '');
  },
};

const client = createClient<paths>({ baseUrl: location.origin });
client.use(middleware);

/** The API, typed by its own description. Whatever is not a success is thrown as `AppError`. */
export const api = client;

/** The answer's body; a success of these operations always has one. */
export async function body<T>(asked: Promise<{ data: T; error?: never } | { data?: never; error: unknown }>): Promise<NonNullable<T>> {
  const { data } = await asked;
  if (data === undefined || data === null) throw new AppError(0, {}, '');
  return data;
}

/** What was asked for, or null where it is not there (any more) for whoever asks. */
export async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AppError && error.status === 404) return null;
    throw error;
  }
}

/** Commands on one report, case or task. */
export type CommandPath = {
  [P in keyof paths]: P extends `${string}/{id}/${string}` ? (paths[P] extends { post: object } ? P : never) : never;
}[keyof paths];

/** A key of its own for each thing that somebody wants done. Sent again with the same key, it is done once. */
export function idempotencyKey(): string {
  // randomUUID is not there on plain HTTP, where many cities begin.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Gives a command upon what was seen (`version`). */
export async function command(
  path: CommandPath,
  id: string,
  input: Record<string, unknown>,
  version: number | null,
  key: string,
): Promise<Schemas['CaseStateView']> {
  const headers: Record<string, string> = {
    'Accept-Language': i18n.global.locale.value,
    'Content-Type': 'application/json',
    'Idempotency-Key': key,
    'X-CSRF-Token': credentials.csrf,
  };
  if (version !== null) headers['If-Match'] = `"${version}"`;
  let response: Response;
  try {
    response = await fetch(path.replace('{id}', encodeURIComponent(id)), { method: 'POST', headers, body: JSON.stringify(input) });
  } catch {
    throw new AppError(0, {}, '');
  }
  learnTime(response.headers.get('Date'));
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (response.status === 401) credentials.ended();
  if (!response.ok) throw new AppError(response.status, answer, response.headers.get('X-Request-Id') ?? '');
  return answer as Schemas['CaseStateView'];
}

/** Sends a file. Not with `fetch`, which does not tell how far it has come. */
export function upload(file: File, key: string, progress: (part: number) => void): { answer: Promise<Schemas['AttachmentView']>; stop: () => void } {
  const request = new XMLHttpRequest();
  const answer = new Promise<Schemas['AttachmentView']>((resolve, reject) => {
    request.open('POST', '/api/v1/attachments');
    request.responseType = 'json';
    const headers = {
      'Accept-Language': i18n.global.locale.value,
      'Content-Type': 'application/octet-stream',
      'Idempotency-Key': key,
      'X-CSRF-Token': credentials.csrf,
      'X-File-Name': encodeURIComponent(file.name),
    };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', (event) => { if (event.lengthComputable) progress(event.loaded / event.total); });
    request.addEventListener('load', () => {
      const told = (request.response ?? {}) as Record<string, unknown>;
      if (request.status === 201) return resolve(told as unknown as Schemas['AttachmentView']);
      if (request.status === 401) credentials.ended();
      reject(new AppError(request.status, told, request.getResponseHeader('X-Request-Id') ?? ''));
    });
    for (const kind of ['error', 'abort', 'timeout'] as const) request.addEventListener(kind, () => reject(new AppError(0, {}, '')));
    request.send(file);
  });
  return { answer, stop: () => request.abort() };
}
