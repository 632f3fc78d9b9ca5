import type { z } from 'zod';
import type { Letter } from './letter.ts';
import { type MailLocale, pickLocale } from './pick-locale.ts';
import { renderHtml } from './render-html.ts';
import { renderText } from './render-text.ts';

/**
 * What a second copy, and a lost one, would cost. `security`: somebody waits for it and can't go on (a link, a code).
 * `transactional`: expected, not urgent. `notice`: information; two of them are worse than a rare missing one.
 */
export type MailClass = 'security' | 'transactional' | 'notice';

/** What a mail needs to be told. `Copy` is its wording: a language that lacks a key fails the type check. */
export interface MailDefinition<Schema extends z.ZodObject, Copy> {
  /** Folder, ledger and delivery facts know it by this. */
  readonly id: string;
  /** Grows when the meaning of the mail changes, not with its wording. */
  readonly version: number;
  readonly class: MailClass;
  readonly schema: Schema;
  readonly copy: Readonly<Record<MailLocale, Copy>>;
  /** The letter in one language. Pure: the same data is the same letter. */
  readonly write: (copy: Copy, data: z.infer<Schema>, locale: MailLocale) => Letter;
  /** Named data for the preview and the snapshots. */
  readonly fixtures: Readonly<Record<string, z.infer<Schema>>>;
}

export interface RenderedMail {
  readonly locale: MailLocale;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

export interface MailPreview {
  readonly fixture: string;
  render(requested: string): RenderedMail;
}

/** A mail that can be sent: the same data in the same language renders to the same bytes. */
export interface Mail<Data> {
  readonly id: string;
  readonly class: MailClass;
  /** `email-verification@1`, as ledger and events say it. */
  readonly name: string;
  /** Every fixture, for the preview and the snapshots. */
  readonly previews: readonly MailPreview[];
  /**
   * @param requested any language tag; see `pickLocale`
   * @throws {z.ZodError} when the data breaks the mail's schema
   */
  render(data: Data, requested: string): RenderedMail;
}

export function defineMail<Schema extends z.ZodObject, Copy>(
  definition: MailDefinition<Schema, Copy>,
): Mail<z.infer<Schema>> {
  const { id, version, schema, copy, write } = definition;
  const render = (data: z.infer<Schema>, requested: string): RenderedMail => {
    const locale = pickLocale(requested);
    const letter = { ...write(copy[locale], schema.parse(data), locale), locale };
    return { locale, subject: letter.subject, html: renderHtml(letter), text: renderText(letter) };
  };
  return {
    id,
    class: definition.class,
    name: `${id}@${version}`,
    previews: Object.entries(definition.fixtures).map(([fixture, data]) => ({
      fixture,
      render: (requested) => render(data, requested),
    })),
    render,
  };
}
