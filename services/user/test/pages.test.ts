import { findFlaws, looks, testBrowser, type TestBrowser, type TestPage, whyNoBrowser } from '@postrider/local/testing';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { password, readStream, request, unseal, userServers } from './user-service-fixture.ts';

const running = new AsyncDisposableStack();
let servers: Awaited<ReturnType<typeof userServers>>;
let browser: TestBrowser;
let url: string;
let people = 0;

beforeAll(async () => {
  if (whyNoBrowser !== '') return;
  servers = running.use(await userServers());
  browser = running.use(await testBrowser());
  url = running.use(await servers.boot()).urls.public;
  const isReady = async (): Promise<boolean> => (await request(`${url}/readyz`, 'GET')).status === 200;
  await vi.waitUntil(isReady, { timeout: 60_000, interval: 20 });
});
afterAll(() => running.disposeAsync());
beforeEach(({ skip }) => skip(whyNoBrowser !== '', whyNoBrowser));

test('opening a link looks and consumes nothing; the button confirms; the token is in no address, and leaves the page once', async () => {
  const token = await newToken();
  const { page, requests, errors } = await openLink(token);
  await expectHeading(page, 'Confirm your address');
  expect(page.url()).toBe(`${url}/confirm`);
  expect(requests.map(withoutFragment)).toEqual([`GET ${url}/confirm`, `GET ${url}/v1/verifications/${idIn(token)}`]);
  expect(await challenge(token)).toEqual({ used: false, tries: 0 });

  await page.getByRole('button', { name: 'Confirm my address' }).click();
  await expectHeading(page, 'Your address is confirmed');
  expect(requests.slice(2)).toEqual([`POST ${url}/v1/verifications/confirm`]);
  expect(await challenge(token)).toMatchObject({ used: true });
  expect(await page.title()).toBe('Your address is confirmed · Postrider');
  expect(await page.getByRole('button').count()).toBe(0);
  await page.goBack().catch(() => undefined);
  expect(page.url()).not.toContain(token);
  expect(errors).toEqual([]);
});

test('the keyboard is enough: Tab reaches the button, Enter presses it, and the focus goes on to what came of it', async () => {
  const { page, requests } = await openLink(await newToken());
  await page.getByRole('button').waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Confirm my address');
  expect(await page.evaluate('getComputedStyle(document.activeElement).outline')).toMatch(/solid 3px/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expectHeading(page, 'Your address is confirmed');
  expect(await page.evaluate('document.activeElement.id')).toBe('title');
  expect(requests.filter((one) => one.startsWith('POST'))).toHaveLength(1);
});

test('a link that was used says so, and offers no button', async () => {
  const token = await newToken();
  expect(await request(`${url}/v1/verifications/confirm`, 'POST', { token })).toMatchObject({ status: 200 });
  const { page, errors } = await openLink(token);
  await expectHeading(page, 'This link was used or replaced');
  expect(await page.getByRole('button').count()).toBe(0);
  expect(errors).toEqual([]);
});

test('a link that was used while the page was open says so when the button is pressed', async () => {
  const token = await newToken();
  const { page } = await openLink(token);
  await page.getByRole('button').waitFor();
  await request(`${url}/v1/verifications/confirm`, 'POST', { token });
  await page.getByRole('button').click();
  await expectHeading(page, 'This link was used or replaced');
  expect(await page.getByRole('button').count()).toBe(0);
});

test('a link that expired says so', async () => {
  const token = await newToken();
  await servers.rows(`update challenge set expires_at = now() - interval '1 second' where id = $1`, [idIn(token)]);
  const { page, errors } = await openLink(token);
  await expectHeading(page, 'This link has expired');
  expect(await findFlaws(page)).toEqual([]);
  expect(errors).toEqual([]);
});

test.each([
  ['a piece of a token', '#verify=AZLxoHoAeqqL'],
  ['no token', ''],
  ['markup instead of a token', '#verify=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E'],
])('%s asks the service nothing', async (_what, fragment) => {
  const { page, requests, errors } = await open();
  await page.goto(`${url}/confirm${fragment}`);
  await expectHeading(page, 'This link is not complete');
  expect(await findFlaws(page)).toEqual([]);
  expect(requests.map(withoutFragment)).toEqual([`GET ${url}/confirm`]);
  expect(errors).toEqual([]);
});

test('a token that nobody issued is refused', async () => {
  const { page } = await openLink(Buffer.alloc(48, 9).toString('base64url'));
  await expectHeading(page, 'This link was used or replaced');
  expect(await page.getByRole('button').count()).toBe(0);
});

test('while the service can’t be reached the link stays good, and the button tries again', async () => {
  const token = await newToken();
  const { page } = await openLink(token);
  await page.getByRole('button').waitFor();
  await page.context().setOffline(true);
  await page.getByRole('button').click();
  await expectHeading(page, 'That did not work');
  expect(await challenge(token)).toMatchObject({ used: false });
  await page.context().setOffline(false);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expectHeading(page, 'Your address is confirmed');
});

test.each(looks)('at $name there is nothing to mend in any state', async ({ name: _name, ...look }) => {
  const token = await newToken();
  const { page, errors } = await open(look);
  const answers = await holdAnswers(page);
  await page.goto(`${url}/confirm#verify=${token}`);
  await expectHeading(page, 'One moment …');
  expect(await findFlaws(page)).toEqual([]);
  answers.letGo();
  await expectHeading(page, 'Confirm your address');
  expect(await findFlaws(page)).toEqual([]);

  await page.context().setOffline(true);
  await page.getByRole('button').click();
  await expectHeading(page, 'That did not work');
  expect(await findFlaws(page)).toEqual([]);
  await page.context().setOffline(false);

  const confirmed = await holdAnswers(page);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('button', { name: 'Confirming …' }).waitFor();
  expect(await findFlaws(page)).toEqual([]);
  confirmed.letGo();
  await expectHeading(page, 'Your address is confirmed');
  expect(await findFlaws(page)).toEqual([]);
  expect(await page.evaluate('document.getAnimations().length')).toBe(0);

  await page.goto('about:blank');
  await page.goto(`${url}/confirm#verify=${token}`);
  await expectHeading(page, 'This link was used or replaced');
  expect(await findFlaws(page)).toEqual([]);
  expect(errors.filter((error) => !error.includes('ERR_INTERNET_DISCONNECTED'))).toEqual([]);
});

test('in German, dark and 320 px wide, nothing is cut off', async () => {
  const token = await newToken();
  const options = { locale: 'de-AT', colorScheme: 'dark', viewport: { width: 320, height: 560 } } as const;
  const { page, errors } = await openLink(token, options);
  await expectHeading(page, 'Bestätige deine Adresse');
  expect(await findFlaws(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.lang')).toBe('de');
  expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(20, 22, 27)');
  await page.getByRole('button', { name: 'Adresse bestätigen' }).click();
  await expectHeading(page, 'Deine Adresse ist bestätigt');
  expect(await findFlaws(page)).toEqual([]);

  const again = await openLink(token, options);
  await expectHeading(again.page, 'Dieser Link wurde benutzt oder ersetzt');
  expect(await findFlaws(again.page)).toEqual([]);
  expect([...errors, ...again.errors]).toEqual([]);
});

test.each(looks)(
  'without JavaScript the page says what else can be done, at $name',
  async ({ name: _name, ...look }) => {
    const { page } = await openLink(await newToken(), { ...look, javaScriptEnabled: false });
    expect(await page.locator('article').innerText()).toContain('You can use the code from the mail instead.');
    expect(await page.getByRole('button').count()).toBe(0);
    expect(await findFlaws(page)).toEqual([]);
  },
);

test('/docs shows every route and asks nobody but this service', async () => {
  const { page, requests, errors } = await open();
  await page.goto(`${url}/docs`);
  await page.getByRole('heading', { name: 'Postrider user service' }).waitFor();
  for (const name of [/Register an address/, /Send the verification mail again/, /See whether/, /Confirm an address/])
    await page.getByRole('link', { name }).first().waitFor();
  await page
    .getByRole('link', { name: /Confirm an address/ })
    .first()
    .click();
  await page.getByText('Works once, opens no session.').first().waitFor();
  expect(requests.filter((one) => !/^GET (data:|blob:)/.test(one) && !one.startsWith(`GET ${url}/`))).toEqual([]);
  expect(errors).toEqual([]);
  expect(await page.getByText(/Ask AI|Generate SDK|Deploy/).count()).toBe(0);
});

test.each(looks)('/docs can be read at $name', async ({ name: _name, ...look }) => {
  const { page } = await open(look);
  await page.goto(`${url}/docs`);
  await page.getByRole('heading', { name: 'Postrider user service' }).waitFor();
  // The size of its targets is the reference's own, and so is that it takes a moment to turn dark.
  const isOurs = (flaw: string): boolean => !flaw.includes('small to touch');
  await expect.poll(async () => (await findFlaws(page)).filter(isOurs)).toEqual([]);
});

/** Somebody new registers; the token of their mail. */
async function newToken(): Promise<string> {
  people += 1;
  const email = `person${people}@example.com`;
  await request(`${url}/v1/registrations`, 'POST', { email, password });
  const issued = await readStream(servers.nats.urls.operator, 'USER_CHALLENGES', people);
  return (await unseal(issued.at(-1)?.data['sealed'])).token;
}

async function open(options?: Parameters<TestBrowser['open']>[0]): Promise<TestPage> {
  return browser.open(options);
}

async function openLink(token: string, options?: Parameters<TestBrowser['open']>[0]): Promise<TestPage> {
  const tab = await open(options);
  await tab.page.goto(`${url}/confirm#verify=${token}`);
  return tab;
}

/** Not what the browser asks for, but what it would send: a fragment stays at home. */
function withoutFragment(asked: string): string {
  return asked.replace(/#.*/, '');
}

function idIn(token: string): string {
  const hex = Buffer.from(token, 'base64url').subarray(0, 16).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

async function challenge(token: string): Promise<unknown> {
  const sql = 'select used_at is not null as used, code_tries as tries from challenge where id = $1';
  return (await servers.rows(sql, [idIn(token)]))[0];
}

async function expectHeading(page: TestPage['page'], name: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
}

/** What the page asks for is answered when it is let go, and not before: a slow line. */
async function holdAnswers(page: TestPage['page']): Promise<{ letGo: () => void }> {
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  await page.route('**/v1/**', async (route) => {
    await held;
    await route.continue();
  });
  return { letGo };
}
