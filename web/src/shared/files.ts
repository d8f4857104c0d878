import { computed, ref, type ComputedRef, type Ref } from 'vue';
import { AppError, idempotencyKey, upload, type Schemas } from '@/api/client';

export type Attachment = Schemas['AttachmentView'];

// The same as the server's: whoever chooses a file is told at once.
export const FILE_BYTES_MAX = 32 * 1024 * 1024;
export const FILES_MAX = 20;
export const ACCEPTED = '.jpg,.jpeg,.png,.webp,.heic,.mp4,.mov,.mp3,.m4a,.amr,.wav,.pdf,.docx,.xlsx';

/** A file on its way, or there. */
export interface Sending {
  key: string;
  name: string;
  size: number;
  /** From 0 to 1. */
  progress: number;
  done: Attachment | null;
  /** Why it was not taken; a word of `files`, or the server's own. */
  error: string | null;
  /** Whether sending it again may help. */
  mayRetry: boolean;
}

interface Uploads {
  files: Ref<Sending[]>;
  ids: ComputedRef<string[]>;
  isBusy: ComputedRef<boolean>;
  hasFailed: ComputedRef<boolean>;
  add: (chosen: Iterable<File>) => void;
  remove: (key: string) => void;
  retry: (key: string) => void;
  clear: () => void;
}

/** Files for one form: sent as soon as they are chosen, two at a time, named by their ids when the form is. */
export function useUploads(words: { tooLarge: string; tooMany: string; empty: string }): Uploads {
  const files = ref<Sending[]>([]);
  const sources = new Map<string, { file: File; stop: (() => void) | null }>();
  const AT_ONCE = 2;

  function change(key: string, part: Partial<Sending>): void {
    files.value = files.value.map((each) => (each.key === key ? { ...each, ...part } : each));
  }
  function next(): void {
    const running = [...sources.values()].filter((each) => each.stop !== null).length;
    const waiting = files.value.find((each) => each.done === null && each.error === null && sources.get(each.key)?.stop === null);
    if (waiting === undefined || running >= AT_ONCE) return;
    void send(waiting.key).finally(next);
    next();
  }
  async function send(key: string): Promise<void> {
    const source = sources.get(key);
    if (source === undefined) return;
    // The file's own key: sent again after a lost answer, it is stored once.
    const sent = upload(source.file, key, (progress) => change(key, { progress }));
    source.stop = sent.stop;
    try {
      change(key, { done: await sent.answer, progress: 1 });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      change(key, { error: error.title, mayRetry: error.status === 0 || error.status >= 500, progress: 0 });
    } finally {
      source.stop = null;
    }
  }

  return {
    files,
    ids: computed(() => files.value.flatMap((each) => (each.done === null ? [] : [each.done.id]))),
    isBusy: computed(() => files.value.some((each) => each.done === null && each.error === null)),
    hasFailed: computed(() => files.value.some((each) => each.error !== null)),
    add(chosen) {
      for (const file of chosen) {
        const key = idempotencyKey();
        const isFull = files.value.filter((each) => each.error === null).length >= FILES_MAX;
        const error = isFull ? words.tooMany : file.size > FILE_BYTES_MAX ? words.tooLarge : file.size === 0 ? words.empty : null;
        if (error === null) sources.set(key, { file, stop: null });
        files.value = [...files.value, { key, name: file.name, size: file.size, progress: 0, done: null, error, mayRetry: false }];
      }
      next();
    },
    remove(key) {
      sources.get(key)?.stop?.();
      sources.delete(key);
      files.value = files.value.filter((each) => each.key !== key);
    },
    retry(key) {
      change(key, { error: null, progress: 0 });
      next();
    },
    clear() {
      for (const source of sources.values()) source.stop?.();
      sources.clear();
      files.value = [];
    },
  };
}

/** `3.2 MB`. */
export function sizeText(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${(bytes / 1024 / 1024).toFixed(1).replace('.0', '')} MB` : `${Math.max(1, Math.round(bytes / 1024))} KB`;
}

export const fileUrl = (id: string): string => `/api/v1/attachments/${encodeURIComponent(id)}`;
export const thumbnailUrl = (id: string): string => `${fileUrl(id)}/thumbnail`;

export type Show = 'picture' | 'video' | 'audio' | 'link';

/** How a browser can show it. */
export function showOf(file: Attachment): Show {
  if (file.has_thumbnail) return 'picture';
  if (file.kind === 'mp4' || file.kind === 'mov') return 'video';
  if (file.kind === 'mp3' || file.kind === 'm4a' || file.kind === 'wav') return 'audio';
  return 'link';
}
