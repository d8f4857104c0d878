import { ApiError, ask } from '../api';
import { photoOf, putPhoto, type Item } from './db';

const PIECE_BYTES = 128 * 1024;

interface Arrived { received_bytes: number; attachment?: { id: string } | null }

function receivedOf(current: unknown): number | null {
  const received = (current as { received_bytes?: unknown } | null)?.received_bytes;
  return typeof received === 'number' ? received : null;
}

/** Sends a photo from where it stopped; the id it got. */
async function sendPhoto(item: Item, key: string): Promise<string> {
  const photo = await photoOf(key);
  if (photo === undefined) throw new ApiError(422, 'photo_lost', '', [], null);
  let corrections = 0;
  while (photo.attachmentId === null) {
    const from = photo.received >= photo.bytes.byteLength ? Math.max(0, photo.bytes.byteLength - PIECE_BYTES) : photo.received;
    const piece = photo.bytes.slice(from, from + PIECE_BYTES);
    try {
      const arrived = await ask<Arrived>('PUT', `${item.uploads}/${key}?offset=${from}&length=${photo.bytes.byteLength}`, { raw: piece });
      photo.received = arrived.received_bytes;
      photo.attachmentId = arrived.attachment?.id ?? null;
    } catch (error) {
      const received = error instanceof ApiError && error.code === 'upload_offset_wrong' ? receivedOf(error.current) : null;
      corrections += 1;
      if (received === null || corrections > 3) throw error;
      photo.received = received;
    }
    await putPhoto(photo);
  }
  return photo.attachmentId;
}

/** Sends one item, photos first. Errors: why not. */
export async function send(item: Item): Promise<Record<string, unknown>> {
  const ids: string[] = [];
  for (const key of item.photoKeys) ids.push(await sendPhoto(item, key));
  const body = { ...item.body };
  if (item.photosAs === 'photos') body['photos'] = item.photoKeys;
  else if (item.photosAs !== null) {
    body[item.photosAs] = ids.slice(item.foundCount);
    if (item.foundCount > 0) body['found_attachment_ids'] = ids.slice(0, item.foundCount);
  }
  return await ask<Record<string, unknown>>(item.method, item.path, { body, key: item.id, ...(item.bearer === null ? {} : { bearer: item.bearer }) });
}
