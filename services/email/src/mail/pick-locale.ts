/** The languages we write. The first is where every fallback chain ends. */
export const locales = ['en', 'de'] as const;

export type MailLocale = (typeof locales)[number];

/**
 * The language to write in: the tag itself, then shorter and shorter prefixes of it, then English (`pt-BR` → `pt` → `en`; RFC
 * 4647 §3.4, "lookup"). Any text is accepted; what we don't know is English, since a mail in the wrong language beats none.
 */
export function pickLocale(requested: string): MailLocale {
  const parts = requested.toLowerCase().split('-');
  for (let length = parts.length; length > 0; length--) {
    const prefix = parts.slice(0, length).join('-');
    const known = locales.find((locale) => locale.toLowerCase() === prefix);
    if (known !== undefined) return known;
  }
  return locales[0];
}
