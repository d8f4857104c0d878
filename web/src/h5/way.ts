import { ref } from 'vue';

function parts(): string[] {
  return location.hash.replace(/^#\/?/, '').split('/').filter((part) => part !== '').map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

/** Where we are: the parts of `#/a/b`. */
export const way = ref(parts());
addEventListener('hashchange', () => { way.value = parts(); });

/** Goes to a page of these pages. */
export function go(...to: string[]): void {
  location.hash = `/${to.map(encodeURIComponent).join('/')}`;
}

/** Whether these are the pages for people with an account. */
export const isField = location.pathname.replace(/\/$/, '') === '/m/i';
