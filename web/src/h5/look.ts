import { reactive, watch } from 'vue';
import zh from './words/zh';

export type Words = typeof zh;
export type Language = 'zh-CN' | 'en';

interface Look {
  language: Language;
  large: boolean;
  theme: 'system' | 'light' | 'dark';
}

const KEY = 'chengyun.m';
const dark = matchMedia('(prefers-color-scheme: dark)');

function read(): Look {
  const look: Look = { language: 'zh-CN', large: false, theme: 'system' };
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Look>;
    if (kept.language === 'en') look.language = 'en';
    if (kept.large === true) look.large = true;
    if (kept.theme === 'dark' || kept.theme === 'light') look.theme = kept.theme;
  } catch {
    // What cannot be read is as if it had never been chosen.
  }
  return look;
}

/** What somebody chose for this phone. */
export const look = reactive(read());

const spoken = reactive<{ words: Words }>({ words: zh });

/** The words of the pages; `w().report.send`. */
export const w = (): Words => spoken.words;

/** A text with `{name}` filled in. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** That the place was found, and how well where the phone says so; or that somebody pointed at it. */
export function locatedWords({ accuracy, isPicked }: { accuracy: number; isPicked?: boolean }): string {
  if (isPicked === true) return w().place.picked;
  return accuracy > 0 ? w().report.located + fill(w().report.within, { m: accuracy }) : w().report.located;
}

/** A word of a table, or the code itself when the server knows one that we do not. */
export function word(table: Record<string, string>, code: string): string {
  return table[code] ?? code;
}

async function dress(): Promise<void> {
  const root = document.documentElement;
  const isDark = look.theme === 'dark' || (look.theme === 'system' && dark.matches);
  root.dataset['theme'] = isDark ? 'dark' : 'light';
  root.dataset['large'] = look.large ? 'yes' : 'no';
  root.lang = look.language;
  spoken.words = look.language === 'en' ? (await import('./words/en')).default : zh;
}

/** Puts the choices into effect, now and whenever they change. */
export async function followLook(): Promise<void> {
  dark.addEventListener('change', () => void dress());
  watch(look, () => {
    void dress();
    try {
      localStorage.setItem(KEY, JSON.stringify(look));
    } catch {
      // A browser that keeps nothing still works; the choice lasts as long as the page.
    }
  });
  await dress();
}
