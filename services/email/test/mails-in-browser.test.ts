import { findFlaws, looks, testBrowser, type TestBrowser, whyNoBrowser } from '@postrider/local/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { emailVerification } from '../src/email-verification/email-verification.ts';
import type { Mail } from '../src/mail/define-mail.ts';
import { locales } from '../src/mail/pick-locale.ts';
import { registrationAttempted } from '../src/registration-attempted/registration-attempted.ts';
import { welcome } from '../src/welcome/welcome.ts';

const mails: readonly Mail<never>[] = [emailVerification, welcome, registrationAttempted];
const running = new AsyncDisposableStack();
let browser: TestBrowser;

beforeAll(async () => {
  if (whyNoBrowser === '') browser = running.use(await testBrowser());
});
afterAll(() => running.disposeAsync());
beforeEach(({ skip }) => skip(whyNoBrowser !== '', whyNoBrowser));

test.each(looks)('at $name there is nothing to mend in any mail, in any language', async ({ name: _name, ...look }) => {
  const { page, requests } = await browser.open({ ...look, javaScriptEnabled: false });
  for (const { render } of mails.flatMap(({ previews }) => previews))
    for (const locale of locales) {
      const { subject, html } = render(locale);
      await page.setContent(html);
      expect({ subject, flaws: await findFlaws(page) }).toEqual({ subject, flaws: [] });
    }
  expect(requests).toEqual([]);
});
