import { fit, within } from './shrink';

type Told = { bytes: ArrayBuffer } | { error: string };

function inWorker(file: Blob): Promise<ArrayBuffer> {
  const worker = new Worker(new URL('./shrink.worker.ts', import.meta.url), { type: 'module' });
  return new Promise<ArrayBuffer>((resolve, reject) => {
    worker.addEventListener('message', (event: MessageEvent<Told>) => {
      if ('bytes' in event.data) resolve(event.data.bytes);
      else reject(new Error(event.data.error));
    });
    worker.addEventListener('error', () => reject(new Error('worker')));
    worker.postMessage(file, []);
  }).finally(() => worker.terminate());
}

/** For browsers whose workers cannot draw. */
async function inPage(file: Blob): Promise<ArrayBuffer> {
  const picture = await createImageBitmap(file);
  const canvas = document.createElement('canvas');
  const blob = await fit({
    draw(edge) {
      Object.assign(canvas, within(picture.width, picture.height, edge));
      canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    },
    encode: (quality) => new Promise((resolve, reject) => {
      canvas.toBlob((made) => { if (made === null) reject(new Error('canvas')); else resolve(made); }, 'image/jpeg', quality);
    }),
  });
  return await blob.arrayBuffer();
}

/** A photo as it is sent: a JPEG of at most 400 KB. Errors: it cannot be opened. */
export async function shrunk(file: Blob): Promise<ArrayBuffer> {
  try {
    return await inWorker(file);
  } catch {
    return await inPage(file);
  }
}

/** To be looked at in the page, whose policy takes no blobs. */
export function dataUrl(bytes: ArrayBuffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve(String(reader.result)));
    reader.addEventListener('error', () => reject(new Error('photo')));
    reader.readAsDataURL(new Blob([bytes], { type: 'image/jpeg' }));
  });
}
