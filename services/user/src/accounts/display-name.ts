import { z } from 'zod';

/** No control or format characters: the name ends up in mails, logs and other people's screens. */
export const displayName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{C}]+$/u, 'No control characters.');
