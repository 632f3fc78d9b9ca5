import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { testBrowser, type TestBrowser, type TestPage, testMailbox, whyNoBrowser } from '../src/testing/index.ts';

const running = new AsyncDisposableStack();
let browser: TestBrowser;

beforeAll(async () => {
  if (whyNoBrowser === '') browser = running.use(await testBrowser());
});
afterAll(() => running.disposeAsync());
beforeEach(({ skip }) => skip(whyNoBrowser !== '', whyNoBrowser));

test('an empty inbox says how to fill it; a mail that arrives appears by itself, unread, and is read when it is opened', async () => {
  await using mailbox = await testMailbox();
  const { page, errors } = await browser.open();
  await page.goto(mailbox.url);
  await page.getByRole('heading', { name: 'No mail yet' }).waitFor();
  expect(await page.locator('#empty').innerText()).toContain(mailbox.smtpUrl);

  await send(mailbox.smtpUrl, { to: 'ada@example.com', subject: 'First', text: 'Hello Ada' });
  await page.getByRole('link', { name: 'First' }).waitFor();
  await page.getByText('1 mail', { exact: true }).waitFor();
  await expectTitle(page, '(1) Mailbox · Postrider');
  await send(mailbox.smtpUrl, { to: 'eve@example.com', subject: 'Second', text: 'Hello Eve' });
  await page.getByText('2 mails', { exact: true }).waitFor();
  expect(await page.locator('.mail .subject').allInnerTexts()).toEqual(['Second', 'First']);

  await page.getByRole('link', { name: 'First' }).click();
  await page.getByRole('heading', { level: 2, name: 'First' }).waitFor();
  await page.getByText('Hello Ada').last().waitFor();
  await expectTitle(page, '(1) Mailbox · Postrider');
  expect(errors).toEqual([]);
});

test('a mail’s HTML is shown without an origin: its script does not run, nothing is loaded from elsewhere', async () => {
  await using mailbox = await testMailbox();
  await using elsewhere = await listenElsewhere();
  await send(mailbox.smtpUrl, {
    to: 'ada@example.com',
    subject: 'Tricky',
    html: `<link rel="stylesheet" href="${elsewhere.url}/style.css">
      <p id="said">innocent</p><img id="pixel" src="${elsewhere.url}/pixel.gif">
      <script>document.getElementById('said').textContent = 'owned'; parent.document.title = 'owned';</script>`,
  });
  const { page } = await browser.open();
  await page.goto(mailbox.url);
  await page.getByRole('link', { name: 'Tricky' }).click();
  expect(await page.locator('iframe').getAttribute('sandbox')).toBe('allow-popups allow-popups-to-escape-sandbox');
  const mail = page.frameLocator('iframe');
  // Complete, which for the picture is: refused.
  await expect.poll(() => mail.locator('#pixel').evaluate((image) => 'complete' in image && image.complete)).toBe(true);
  expect(await mail.locator('#said').textContent()).toBe('innocent');
  await expectTitle(page, 'Mailbox · Postrider');
  expect(elsewhere.asked).toEqual([]);

  // By itself, without the inbox around it, it is as harmless.
  await page.goto(`${page.url()}.html`);
  expect(await page.locator('#said').textContent()).toBe('innocent');
  expect(elsewhere.asked).toEqual([]);
});

test('j and k move through the mails, / searches, Escape goes back', async () => {
  await using mailbox = await testMailbox();
  for (const subject of ['One', 'Two', 'Three'])
    await send(mailbox.smtpUrl, { to: 'ada@example.com', subject, text: subject });
  const { page, errors } = await browser.open();
  await page.goto(mailbox.url);
  await page.getByRole('link', { name: 'Three' }).waitFor();
  await page.keyboard.press('j');
  await page.getByRole('heading', { level: 2, name: 'Three' }).waitFor();
  await page.keyboard.press('j');
  await page.getByRole('heading', { level: 2, name: 'Two' }).waitFor();
  await page.keyboard.press('k');
  await page.getByRole('heading', { level: 2, name: 'Three' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Choose a mail to read' }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('subject:One');
  await page.getByText('1 of 3 mails').waitFor();
  expect(await page.locator('.mail .subject').allInnerTexts()).toEqual(['One']);
  expect(errors).toEqual([]);
});

test('at 320 px one pane is shown at a time and nothing scrolls sideways, light and dark', async () => {
  await using mailbox = await testMailbox();
  await send(mailbox.smtpUrl, {
    to: 'somebody.with.a.rather.long.address@subdomain.example.com',
    subject: 'A subject that is longer than any narrow screen is wide, and then some more of it',
    html: '<p>Hello</p>',
  });
  const backgrounds: unknown[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, errors } = await browser.open({ colorScheme, viewport: { width: 320, height: 560 } });
    await page.goto(mailbox.url);
    await page.locator('a.mail').waitFor();
    await expectNoSidewaysScroll(page);
    expect(await page.locator('#reader').isVisible()).toBe(false);
    await page.locator('a.mail').click();
    await page.locator('iframe').waitFor();
    expect(await page.locator('#mails').isVisible()).toBe(false);
    await expectNoSidewaysScroll(page);
    await page.getByRole('button', { name: '← Mails' }).click();
    await page.locator('a.mail').waitFor();
    backgrounds.push(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor'));
    expect(errors).toEqual([]);
  }
  expect(backgrounds).toEqual(['rgb(244, 242, 237)', 'rgb(21, 23, 21)']);
});

/** A server that a mail would like to be asked. */
async function listenElsewhere(): Promise<AsyncDisposable & { url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  return {
    asked,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')),
  };
}

async function send(
  smtpUrl: string,
  mail: { to: string; subject: string; text?: string; html?: string },
): Promise<void> {
  const transport = createTransport(smtpUrl);
  await transport.sendMail({ from: 'Postrider <no-reply@postrider.example>', ...mail });
  transport.close();
}

async function expectTitle(page: TestPage['page'], title: string): Promise<void> {
  await expect.poll(() => page.title()).toBe(title);
}

async function expectNoSidewaysScroll(page: TestPage['page']): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
}
