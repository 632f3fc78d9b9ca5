import { findFlaws, looks, testBrowser, type TestBrowser, type TestPage, whyNoBrowser } from '@postrider/local/testing';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { addAccount, type Servers, signIn } from './account-fixture.ts';
import { readStream, request, unseal, userServers } from './user-service-fixture.ts';

const newPassword = 'a raven on a weathered gate';
const running = new AsyncDisposableStack();
let servers: Servers;
let browser: TestBrowser;
let url: string;
let people = 0;
let mails = 0;

beforeAll(async () => {
  if (whyNoBrowser !== '') return;
  servers = running.use(await userServers());
  browser = running.use(await testBrowser());
  url = running.use(await servers.boot()).urls.public;
  const isReady = async (): Promise<boolean> => (await request(`${url}/readyz`, 'GET')).status === 200;
  await vi.waitUntil(isReady, { timeout: 20_000, interval: 20 });
});
afterAll(() => running.disposeAsync());
beforeEach(({ skip }) => skip(whyNoBrowser !== '', whyNoBrowser));

test('opening the link asks the server nothing; the button sets the password; the token is in no address', async () => {
  const { email, token } = await asked();
  const { page, requests, errors } = await open(`#reset=${token}`);
  await expectHeading(page, 'Set a new password');
  expect(page.url()).toBe(`${url}/reset`);
  expect(requests.map((one) => one.replace(/#.*/, ''))).toEqual([`GET ${url}/reset`]);

  await page.getByLabel('New password').fill(newPassword);
  await page.getByRole('button', { name: 'Set this password' }).click();
  await expectHeading(page, 'Your password is set');
  expect(requests.slice(1)).toEqual([`POST ${url}/v1/password-resets/confirm`]);
  expect(await page.evaluate('document.activeElement.id')).toBe('title');
  expect(await page.getByRole('button').count()).toBe(0);
  expect(errors).toEqual([]);
  expect((await signIn(url, email, { password: newPassword })).status).toBe(201);
});

test('a password that is refused says why and keeps the link good', async () => {
  const { email, token } = await asked();
  const { page } = await open(`#reset=${token}`);
  const field = page.getByLabel('New password');
  await field.fill('short');
  await page.keyboard.press('Enter');
  await page.getByText('This is too short: at least 15 characters.').waitFor();
  await field.fill('passwordpassword');
  await page.keyboard.press('Enter');
  await page.getByText(/^This password is too easy to guess/).waitFor();
  expect(await page.evaluate('document.activeElement.id')).toBe('password');
  await page.getByRole('button', { name: 'Show' }).click();
  expect(await field.getAttribute('type')).toBe('text');
  await field.fill(newPassword);
  await page.keyboard.press('Enter');
  await expectHeading(page, 'Your password is set');
  expect((await signIn(url, email, { password: newPassword })).status).toBe(201);
});

test('without a link the page asks for the mail, and takes its code', async () => {
  const { email } = await person();
  const { page, errors } = await open('');
  await page.getByLabel('Your email address').fill('nonsense');
  await page.getByRole('button', { name: 'Send the mail' }).click();
  await page.getByText('This is not a complete address').waitFor();
  await page.getByLabel('Your email address').fill(email);
  await page.getByRole('button', { name: 'Send the mail' }).click();
  await expectHeading(page, 'Look into your mail');
  const { code } = await lastMail();
  await page.getByLabel('New password').fill(newPassword);
  await page.getByLabel('Code from the mail').fill('12');
  await page.getByRole('button', { name: 'Set this password' }).click();
  await page.getByText('The code has eight digits.').waitFor();
  await page.getByLabel('Code from the mail').fill(`${code.slice(0, 4)} ${code.slice(4)}`);
  await page.getByRole('button', { name: 'Set this password' }).click();
  await expectHeading(page, 'Your password is set');
  expect((await signIn(url, email, { password: newPassword })).status).toBe(201);
  expect(errors.filter((error) => !error.includes('400'))).toEqual([]);
});

test('an address without an account looks the same', async () => {
  const { page } = await open('');
  await page.getByLabel('Your email address').fill('nobody-here@example.com');
  await page.getByRole('button', { name: 'Send the mail' }).click();
  await expectHeading(page, 'Look into your mail');
  await page.getByLabel('New password').fill(newPassword);
  await page.getByLabel('Code from the mail').fill('00000000');
  await page.getByRole('button', { name: 'Set this password' }).click();
  await page.getByText('This code is not valid, or not any more.').waitFor();
  expect(await page.title()).toBe('Look into your mail · Postrider');
});

test.each(['AZLxoHoAeqqL', '%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E'])(
  'a link that is not complete asks the service nothing, and offers another mail: %s',
  async (piece) => {
    const { page, requests, errors } = await open(`#reset=${piece}`);
    await expectHeading(page, 'This link is not complete');
    expect(requests).toHaveLength(1);
    await page.getByRole('button', { name: 'Ask for another mail' }).click();
    await page.getByLabel('Your email address').waitFor();
    expect(errors).toEqual([]);
  },
);

test('while the service can’t be reached nothing is lost, and the button tries again', async () => {
  const { email, token } = await asked();
  const { page } = await open(`#reset=${token}`);
  await page.getByLabel('New password').fill(newPassword);
  await page.context().setOffline(true);
  await page.getByRole('button', { name: 'Set this password' }).click();
  await page.getByText('The service could not be reached.').waitFor();
  await page.context().setOffline(false);
  await page.getByRole('button', { name: 'Set this password' }).click();
  await expectHeading(page, 'Your password is set');
  expect((await signIn(url, email, { password: newPassword })).status).toBe(201);
});

test.each(looks)('at $name there is nothing to mend in any state', async ({ name: _name, ...look }) => {
  const { token } = await asked();
  const { page } = await open(`#reset=${token}`, look);
  const flaws: Record<string, unknown> = {};
  const note = async (state: string): Promise<void> => void (flaws[state] = await findFlaws(page));
  await expectHeading(page, 'Set a new password');
  await note('set');
  await page.getByLabel('New password').fill('passwordpassword');
  await page.keyboard.press('Enter');
  await page.getByText(/^This password is too easy to guess/).waitFor();
  await note('weak');
  await page.getByLabel('New password').fill(newPassword);
  await page.keyboard.press('Enter');
  await expectHeading(page, 'Your password is set');
  await note('done');
  expect(await page.evaluate('document.getAnimations().length')).toBe(0);

  await page.goto('about:blank');
  await page.goto(`${url}/reset#reset=${token}`);
  await page.getByLabel('New password').fill(newPassword);
  await page.keyboard.press('Enter');
  await expectHeading(page, 'This link is not valid any more');
  await note('used');
  await page.getByRole('button', { name: 'Ask for another mail' }).click();
  await page.getByLabel('Your email address').waitFor();
  await note('ask');
  await page.getByLabel('Your email address').fill('nobody-here@example.com');
  await page.keyboard.press('Enter');
  await expectHeading(page, 'Look into your mail');
  await note('sent');
  expect(flaws).toEqual({ set: [], weak: [], done: [], used: [], ask: [], sent: [] });
});

test('in German, dark and 320 px wide, nothing is cut off', async () => {
  const { token } = await asked();
  const options = { locale: 'de-AT', colorScheme: 'dark', viewport: { width: 320, height: 560 } } as const;
  const { page, errors } = await open(`#reset=${token}`, options);
  await expectHeading(page, 'Setze ein neues Passwort');
  expect(await findFlaws(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.lang')).toBe('de');
  await page.getByLabel('Neues Passwort').fill(newPassword);
  await page.getByRole('button', { name: 'Passwort setzen' }).click();
  await expectHeading(page, 'Dein Passwort ist gesetzt');
  expect(await findFlaws(page)).toEqual([]);
  expect(errors).toEqual([]);
});

test('without JavaScript the page says so', async () => {
  const { page } = await open('', { javaScriptEnabled: false });
  expect(await page.locator('article').innerText()).toContain('This page needs JavaScript');
  expect(await page.getByRole('button').count()).toBe(0);
  expect(await findFlaws(page)).toEqual([]);
});

async function person(): Promise<{ email: string }> {
  people += 1;
  return addAccount(servers, `person${people}`);
}

/** Somebody who asked for a new password, and the token of their mail. */
async function asked(): Promise<{ email: string; token: string }> {
  const { email } = await person();
  await request(`${url}/v1/password-resets`, 'POST', { email });
  return { email, token: (await lastMail()).token };
}

async function lastMail(): Promise<{ token: string; code: string }> {
  mails += 1;
  const events = await readStream(servers.nats.urls.operator, 'USER_CHALLENGES', mails);
  return unseal(events.at(-1)?.data['sealed']);
}

async function open(fragment: string, options?: Parameters<TestBrowser['open']>[0]): Promise<TestPage> {
  const tab = await browser.open(options);
  await tab.page.goto(`${url}/reset${fragment}`);
  return tab;
}

async function expectHeading(page: TestPage['page'], name: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
}
