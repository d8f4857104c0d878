import { onBeforeUnmount, onMounted } from 'vue';

type Keys = Record<string, (event: KeyboardEvent) => void>;

/** Whether keys belong to what somebody is typing into, or to an input method that is composing (拼音). */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.isComposing || event.keyCode === 229) return true;
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** `J`, `Shift+U`, `Enter`, `?`. */
export function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const isLetter = /^[A-Z]$/.test(key);
  return event.shiftKey && isLetter ? `Shift+${key}` : key;
}

/** Single keys for as long as the component is there. None of them takes anything from typing, menus or the browser. */
export function useHotkeys(keys: () => Keys, isFirst = false): void {
  const listen = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    // A dialogue has the keys to itself.
    if (document.querySelector('dialog[open]') !== null) return;
    const name = nameOf(event);
    const onButton = event.target instanceof HTMLElement && event.target.closest('button, a, [role="option"]') !== null;
    if (onButton && (name === 'Enter' || name === ' ')) return;
    const act = keys()[name];
    if (act !== undefined) {
      event.preventDefault();
      act(event);
    }
  };
  // Whoever is first sees a key before any other: the second key of a sequence is nobody else's.
  onMounted(() => addEventListener('keydown', listen, { capture: isFirst }));
  onBeforeUnmount(() => removeEventListener('keydown', listen, { capture: isFirst }));
}

/** The keys of a form: Ctrl Enter sends it, Esc leaves it, unless something within it has taken the key. */
export function formKeys(submit: () => Promise<void>, cancel: () => void): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === 'Escape' && !event.defaultPrevented) {
      event.preventDefault();
      event.stopPropagation();
      cancel();
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void submit();
    }
  };
}
