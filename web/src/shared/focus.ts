import type { Directive } from 'vue';

/** `v-focus`: the work begins here. The attribute `autofocus` does so only once in the life of a document. */
export const vFocus: Directive<HTMLElement> = { mounted: (element) => element.focus() };
