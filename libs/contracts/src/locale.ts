import { z } from 'zod';

/** A BCP 47 language tag of at most three parts, in canonical case (`de`, `pt-BR`, `zh-Hant-TW`). */
export const locale = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$/, 'Not a language tag such as "en" or "pt-BR".')
  .transform((tag, context) => {
    try {
      return new Intl.Locale(tag).baseName;
    } catch {
      context.addIssue({ code: 'custom', message: 'Not a language tag such as "en" or "pt-BR".' });
      return z.NEVER;
    }
  });
