import { findFlaws, looks, testBrowser, type TestBrowser, whyNoBrowser } from '@postrider/local/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { emailVerification } from '../src/email-verification/email-verification.ts';
import type { Mail } from '../src/mail/define-mail.ts';
import { locales } from '../src/mail/pick-locale.ts';
import { newDevice } from '../src/new-device/new-device.ts';
import { passwordChanged } from '../src/password-changed/password-changed.ts';
import { passwordReset } from '../src/password-reset/password-reset.ts';
import { registrationAttempted } from '../src/registration-attempted/registration-attempted.ts';
import { sessionStolen } from '../src/session-stolen/session-stolen.ts';
import { welcome } from '../src/welcome/welcome.ts';

const mails: readonly Mail<never>[] = [
  emailVerification,
  welcome,
  registrationAttempted,
  passwordReset,
  passwordChanged,
  newDevice,
  sessionStolen,
];
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
