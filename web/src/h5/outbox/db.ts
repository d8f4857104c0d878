/** What waits to be sent, in the phone itself. A browser that is killed keeps it. */

/** A request that somebody has made, with all it needs to be sent later. */
export interface Item {
  /** Its Idempotency-Key: sent twice it takes effect once. */
  id: string;
  /** Whose: `citizen`, or the account. */
  who: string;
  /** What to call it. */
  title: string;
  /** Chooses what is shown of it. */
  kind: 'report' | 'answer' | 'rate' | 'command';
  method: string;
  /** Below `/api/v1/`. */
  path: string;
  body: Record<string, unknown>;
  bearer: string | null;
  /** Where photos go, and which member names them: their keys, or the ids they got. */
  uploads: 'portal/uploads' | 'uploads';
  photosAs: string | null;
  photoKeys: string[];
  /** So many of them, the first, show what was found, and are named apart. */
  foundCount: number;
  madeAt: number;
  state: 'waiting' | 'sent' | 'refused';
  tries: number;
  nextAt: number;
  /** Why it was refused, or why it still waits. */
  error: { code: string; title: string; status: number } | null;
  answer: Record<string, unknown> | null;
  /** What it is about, to be found by page. */
  about: string | null;
}

export interface Photo {
  key: string;
  bytes: ArrayBuffer;
  /** So much of it has arrived. */
  received: number;
  /** The id it has, once it is whole. */
  attachmentId: string | null;
}

const NAME = 'chengyun-m';
let opened: Promise<IDBDatabase> | null = null;

function promised<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('indexeddb')));
  });
}

function database(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.addEventListener('upgradeneeded', () => {
      request.result.createObjectStore('items', { keyPath: 'id' });
      request.result.createObjectStore('photos', { keyPath: 'key' });
    });
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('indexeddb')));
  }).catch((error: unknown) => {
    opened = null;
    throw error;
  });
  return opened;
}

/** Writes in one transaction; done when the phone has it. */
async function write(work: (items: IDBObjectStore, photos: IDBObjectStore) => void): Promise<void> {
  const transaction = (await database()).transaction(['items', 'photos'], 'readwrite');
  work(transaction.objectStore('items'), transaction.objectStore('photos'));
  await new Promise<void>((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve());
    for (const kind of ['error', 'abort'] as const) transaction.addEventListener(kind, () => reject(transaction.error ?? new Error('indexeddb')));
  });
}

export async function allItems(): Promise<Item[]> {
  const found = await promised<Item[]>((await database()).transaction('items').objectStore('items').getAll() as IDBRequest<Item[]>);
  return found.sort((a, b) => a.madeAt - b.madeAt);
}

export async function photoOf(key: string): Promise<Photo | undefined> {
  return await promised<Photo | undefined>((await database()).transaction('photos').objectStore('photos').get(key) as IDBRequest<Photo | undefined>);
}

export const addItem = (item: Item, photos: Photo[]): Promise<void> => write((items, store) => {
  for (const photo of photos) store.put(photo);
  items.put(item);
});

export const putItem = (item: Item): Promise<void> => write((items, photos) => {
  items.put(item);
  // What is there, or will not be taken, needs its bytes no more.
  if (item.state === 'sent') for (const key of item.photoKeys) photos.delete(key);
});

export const putPhoto = (photo: Photo): Promise<void> => write((_, photos) => { photos.put(photo); });

export const dropItem = (item: Item): Promise<void> => write((items, photos) => {
  items.delete(item.id);
  for (const key of item.photoKeys) photos.delete(key);
});
