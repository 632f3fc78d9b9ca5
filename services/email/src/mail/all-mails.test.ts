import { expect, test } from 'vitest';
import { emailVerification } from '../email-verification/email-verification.ts';
import { newDevice } from '../new-device/new-device.ts';
import { passwordChanged } from '../password-changed/password-changed.ts';
import { passwordReset } from '../password-reset/password-reset.ts';
import { registrationAttempted } from '../registration-attempted/registration-attempted.ts';
import { sessionStolen } from '../session-stolen/session-stolen.ts';
import { welcome } from '../welcome/welcome.ts';
import type { Mail, RenderedMail } from './define-mail.ts';
import { locales } from './pick-locale.ts';

/** Every mail in every language with every fixture: what must hold for all of them, and how their text reads. */
const mails: readonly Mail<never>[] = [
  emailVerification,
  welcome,
  registrationAttempted,
  passwordReset,
  passwordChanged,
  newDevice,
  sessionStolen,
];
const cases = mails.flatMap((mail) =>
  mail.previews.flatMap(({ fixture, render }) =>
    locales.map((locale) => ({ name: `${mail.name} ${fixture} ${locale}`, mail, fixture, render, locale })),
  ),
);

test.each(cases)('$name reads as it was checked by hand', async ({ mail, fixture, render, locale }) => {
  const { subject, text } = render(locale);
  await expect(`Subject: ${subject}\n\n${text}`).toMatchFileSnapshot(`../${mail.id}/${fixture}.${locale}.txt`);
});

test.each(cases)('$name says the same in HTML and in text', ({ render, locale }) => {
  const { html, text } = render(locale);
  for (const words of text.split(/\n\n/).map((paragraph) =>
    paragraph
      .replace(/^-- \n/, '')
      .replace(/\s+/g, ' ')
      .trim(),
  ))
    expect(readable(html)).toContain(words.replace(/:$/, ''));
});

test.each(cases)('$name is complete, loads nothing and tracks nobody', ({ render, locale }) => {
  const { html, text } = render(locale);
  expect(html + text).not.toMatch(/undefined|\[object|NaN|Invalid Date/);
  expect(html).not.toMatch(/<img|<script|<link|@import|url\(|src=/i);
  expect(html).toContain(`<html lang="${locale}"`);
  expect(html).toContain('prefers-color-scheme: dark');
  expect(text.split('\n').filter((line) => line.length > 72 && !line.startsWith('http'))).toEqual([]);
});

test.each(cases)('$name has a button and the same URL on its own line', ({ render, locale }) => {
  const { html, text } = render(locale);
  const urls = text.split('\n').filter((line) => line.startsWith('http'));
  expect(urls).toHaveLength(1);
  expect(html.match(/<a class="button" href="([^"]+)"/)?.[1]).toBe(urls[0]);
  expect(html.match(/<a class="link" href="([^"]+)"/)?.[1]).toBe(urls[0]);
});

test.each(cases)('$name renders to the same bytes twice', ({ render, locale }) => {
  expect(render(locale)).toEqual(render(locale));
});

test('an unknown language falls back instead of failing', () => {
  const inEnglish = rendered('en');
  expect(rendered('pt-BR')).toEqual(inEnglish);
  expect(rendered('de-CH')).toEqual(rendered('de'));
});

test('the code stands alone, unbroken, in both parts', () => {
  const { html, text } = rendered('en');
  expect(text.match(/\b\d{8}\b/g)).toEqual(['04819273']);
  expect(html).toContain('>04819273<');
});

test('what a template interpolates is escaped', () => {
  const data = { ...verificationData(), confirmUrl: 'https://example.com/confirm?a="><script>&b=1' };
  expect(emailVerification.render(data, 'en').html).not.toContain('<script>');
});

test.each([
  ['a code that is not eight digits', { code: '123' }, 'pattern'],
  ['a link that is not http', { confirmUrl: 'javascript:alert(1)' }, 'Invalid URL'],
])('%s is refused', (_name, wrong, expected) => {
  expect(() => emailVerification.render({ ...verificationData(), ...wrong }, 'en')).toThrow(expected);
});

function verificationData(): Parameters<typeof emailVerification.render>[0] {
  return {
    confirmUrl: 'http://localhost:3000/confirm#verify=abc',
    code: '04819273',
    issuedAt: '2026-11-24T09:00:00.120Z',
    codeExpiresAt: '2026-11-24T09:10:00.000Z',
    linkExpiresAt: '2026-11-25T09:00:00.000Z',
  };
}

function rendered(locale: string): RenderedMail {
  return emailVerification.render(verificationData(), locale);
}

/** The words of an HTML part, as a reader sees them. */
function readable(html: string): string {
  return html
    .replace(/<!--[\s\S]*?-->|<style>[\s\S]*?<\/style>/g, ' ')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ');
}
