import { reactive, ref, watch } from 'vue';
import { speak, type Language } from '@/i18n';

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'compact' | 'roomy';

interface Prefs {
  theme: Theme;
  language: Language;
  density: Density;
  /** Whether lists that have a map show it. */
  map: boolean;
}

const KEY = 'chengyun.prefs';
const THEMES = new Set<string>(['system', 'light', 'dark']);

function read(): Prefs {
  const prefs: Prefs = { theme: 'system', language: 'zh-CN', density: 'compact', map: true };
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Prefs>;
    if (THEMES.has(kept.theme ?? '')) prefs.theme = kept.theme as Theme;
    if (kept.language === 'en') prefs.language = 'en';
    if (kept.density === 'roomy') prefs.density = 'roomy';
    if (kept.map === false) prefs.map = false;
  } catch {
    // What cannot be read is as if it had never been chosen.
  }
  return prefs;
}

/** What somebody chose for this browser. */
export const prefs = reactive(read());

const dark = matchMedia('(prefers-color-scheme: dark)');

/** Whether the page is dark now. */
export const isDark = ref(false);

function dress(): void {
  isDark.value = prefs.theme === 'dark' || (prefs.theme === 'system' && dark.matches);
  document.documentElement.dataset['theme'] = isDark.value ? 'dark' : 'light';
  document.documentElement.dataset['density'] = prefs.density;
}

/** Puts the choices into effect, now and whenever they change. */
export async function followPrefs(): Promise<void> {
  dress();
  dark.addEventListener('change', dress);
  watch(prefs, () => {
    dress();
    void speak(prefs.language);
    try {
      localStorage.setItem(KEY, JSON.stringify(prefs));
    } catch {
      // A browser that keeps nothing still works; the choice lasts as long as the page.
    }
  });
  await speak(prefs.language);
}
