import { createI18n } from 'vue-i18n';
import zh from './zh-CN';

export type Words<T> = { readonly [K in keyof T]: T[K] extends string ? string : Words<T[K]> };
export type Messages = Words<typeof zh>;
export type Language = 'zh-CN' | 'en';

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN' as Language,
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh as Messages } as Record<Language, Messages>,
  missingWarn: false,
  fallbackWarn: false,
});

/** Shows the pages in `language`; its words are fetched when they are first wanted. */
export async function speak(language: Language): Promise<void> {
  if (language === 'en' && !i18n.global.availableLocales.includes('en')) {
    const { default: en } = await import('./en');
    i18n.global.setLocaleMessage('en', en);
  }
  i18n.global.locale.value = language;
  document.documentElement.lang = language;
}

/** A word of the tables, or the code itself when the server knows one that we do not. */
export function word(table: string, code: string): string {
  const key = `${table}.${code}`;
  return i18n.global.te(key) || i18n.global.te(key, 'zh-CN') ? i18n.global.t(key) : code;
}
