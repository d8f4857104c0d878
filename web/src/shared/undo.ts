import { ref, shallowRef } from 'vue';

// What was just done may be taken back for a moment: so long the server keeps the notices of it (see NOTICE_GRACE_SECONDS there).
export const GRACE_MS = 8_000;

export interface Undoable {
  text: string;
  /** Takes it back, and says how that went. */
  act: () => Promise<{ text: string; isWhole: boolean }>;
}

const offered = shallowRef<Undoable | null>(null);
const until = ref(0);

/** What may be undone now, and until when by the browser's clock. */
export const undo = { offered, until };

export function offerUndo(what: Undoable): void {
  offered.value = what;
  until.value = Date.now() + GRACE_MS;
}

export function withdrawUndo(): void {
  offered.value = null;
}
