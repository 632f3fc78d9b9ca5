import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  findFlaws,
  looks,
  testBrowser,
  type TestBrowser,
  type TestPage,
  testMailbox,
  whyNoBrowser,
} from '../src/testing/index.ts';

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

test('at 320 px one pane is shown at a time, and the way back is a button', async () => {
  await using mailbox = await testMailbox();
  await send(mailbox.smtpUrl, { to: 'ada@example.com', subject: 'One', html: '<p>Hello</p>' });
  const { page, errors } = await browser.open({ viewport: { width: 320, height: 560 } });
  await page.goto(mailbox.url);
  await page.locator('a.mail').click();
  await page.locator('iframe').waitFor();
  expect(await page.locator('#mails').isVisible()).toBe(false);
  await page.getByRole('button', { name: '← Mails' }).click();
  await page.locator('a.mail').waitFor();
  expect(await page.locator('#reader').isVisible()).toBe(false);
  expect(errors).toEqual([]);
});

test.each(looks)('at $name there is nothing to mend in any state', async ({ name: _name, ...look }) => {
  await using mailbox = await testMailbox();
  const { page, errors } = await browser.open(look);
  await page.goto(mailbox.url);
  await page.getByRole('heading', { name: 'No mail yet' }).waitFor();
  expect(await findFlaws(page)).toEqual([]);

  await send(mailbox.smtpUrl, {
    to: 'somebody.with.a.rather.long.address@subdomain.example.com',
    subject: 'A subject that is longer than any narrow screen is wide, and Donaudampfschifffahrtsgesellschaftskapitän',
    text: 'Hello, read https://example.com/a/path/that/does/not/break/anywhere/and/goes/on/for/quite/a/while',
    html: '<p>Hello</p>',
  });
  await page.locator('a.mail').waitFor();
  expect(await findFlaws(page)).toEqual([]);
  await page.locator('#search').focus();
  expect(await findFlaws(page)).toEqual([]);
  await page.locator('#search').fill('subject:none');
  await page.getByRole('heading', { name: 'Nothing found' }).waitFor();
  expect(await findFlaws(page)).toEqual([]);
  await page.locator('#search').fill('');
  await page.locator('a.mail').waitFor();
  await page.getByRole('button', { name: 'Delete all' }).click();
  await page.getByRole('heading', { name: 'Delete every mail?' }).waitFor();
  expect(await findFlaws(page)).toEqual([]);
  await page.getByRole('button', { name: 'Keep them' }).click();

  await page.locator('a.mail').click();
  await page.locator('iframe').waitFor();
  expect(await findFlaws(page)).toEqual([]);
  for (const [tab, shown] of [
    ['Text', 'Hello, read'],
    ['Headers', 'Message-Id'],
    ['Source', 'Content-Type: multipart/alternative'],
  ] as const) {
    await page.getByRole('tab', { name: tab }).click();
    await page.locator('#panel').getByText(shown).first().waitFor();
    expect(await findFlaws(page)).toEqual([]);
  }
  expect(await page.evaluate('document.getAnimations().length')).toBe(0);
  expect(errors).toEqual([]);
});

test.each(looks)('at $name a mail that is gone says so, and there is a way on', async ({ name: _name, ...look }) => {
  await using mailbox = await testMailbox();
  const { page } = await browser.open(look);
  await page.goto(`${mailbox.url}/view/gone`);
  await page.getByRole('heading', { name: 'This mail is not here any more' }).waitFor();
  expect(await findFlaws(page)).toEqual([]);
  await page.getByRole('button', { name: 'All mails' }).click();
  await page.getByRole('heading', { name: 'No mail yet' }).waitFor();
});

test('of many mails the newest fifty are shown, and the older ones when they are asked for', async () => {
  await using mailbox = await testMailbox();
  for (let number = 1; number <= 52; number += 1)
    await send(mailbox.smtpUrl, { to: 'ada@example.com', subject: `Mail ${number}`, text: 'Hello' });
  const { page, errors } = await browser.open({ colorScheme: 'dark', viewport: { width: 320, height: 560 } });
  await page.goto(mailbox.url);
  await page.getByText('52 mails', { exact: true }).waitFor();
  expect(await page.locator('a.mail').count()).toBe(50);
  await page.locator('#more').scrollIntoViewIfNeeded();
  expect(await findFlaws(page)).toEqual([]);
  await page.getByRole('button', { name: 'Show older mails' }).click();
  await page.getByText('Mail 1', { exact: true }).waitFor();
  expect(await page.locator('a.mail').count()).toBe(52);
  expect(await page.locator('#more').isVisible()).toBe(false);
  expect(errors).toEqual([]);
});

test('the keyboard is enough: what has the focus shows it, and the tabs of a mail follow the arrows', async () => {
  await using mailbox = await testMailbox();
  await send(mailbox.smtpUrl, { to: 'ada@example.com', subject: 'One', text: 'Hello Ada', html: '<p>Hello</p>' });
  const { page } = await browser.open({ colorScheme: 'dark' });
  await page.goto(mailbox.url);
  await page.locator('a.mail').waitFor();
  const focused: unknown[] = [];
  for (let stop = 0; stop < 4; stop += 1) {
    await page.keyboard.press('Tab');
    focused.push(await page.evaluate('document.activeElement.classList[0] ?? document.activeElement.id'));
    expect(await page.evaluate('getComputedStyle(document.activeElement).outline')).toMatch(/solid 2px/);
  }
  expect(focused).toEqual(['brand', 'search', 'quiet', 'mail']);
  await page.keyboard.press('Enter');
  await page.getByRole('tab', { name: 'HTML' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByText('Hello Ada').last().waitFor();
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Text');
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
