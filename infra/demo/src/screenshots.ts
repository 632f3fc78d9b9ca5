// `node infra/demo/src/screenshots.ts`: makes the pictures of the README anew, in `infra/demo/screenshots/`. On the stack that runs in this
// data dir, or on one of its own; for addresses as a newcomer sees them, run `npm start` with a fresh POSTRIDER_DATA_DIR beside it. Needs Chromium.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testBrowser, type TestBrowser, type TestPage } from '@postrider/local/testing';
import { findMail, type Mail } from './mailbox-reader.ts';
import { type OpenedStack, openStack } from './open-stack.ts';
import { terminalHtml } from './terminal-html.ts';

type Page = TestPage['page'];
type Scene = { stack: OpenedStack; browser: TestBrowser; mailboxUrl: string; apiUrl: string };

const root = join(import.meta.dirname, '../../..');
const folder = join(import.meta.dirname, '../screenshots');
const desk = { width: 1080, height: 570 };
const tallDesk = { width: 1080, height: 870 };
const phone = { width: 380, height: 560 };
/** Chromium takes this as: without loss. */
const lossless = 100;
const patienceMs = 30_000;
const print = (line: string): void => void process.stdout.write(`${line}\n`);
// This file is the pictures' edge, as main.ts is a service's.
const { env } = process; // oxlint-disable-line node/no-process-env

await takePictures();
process.exit();

async function takePictures(): Promise<void> {
  await using stack = await openStack({ env, root, signal: new AbortController().signal, print });
  await using browser = await testBrowser();
  const { mailboxUrl, userUrl: apiUrl } = stack.info;
  if (mailboxUrl === undefined) throw new Error('This stack has no mailbox. Start it without SMTP_URL.');
  const scene: Scene = { stack, browser, mailboxUrl, apiUrl };
  const { mail, token } = await fillInbox(scene);
  await inboxPictures(scene, mail);
  await docsPicture(scene);
  await confirmPicture(scene, token);
  await timelinePicture(scene);
}

/** Somebody confirms and is welcomed, somebody registers twice, and Ada, whose mail is shown, has yet to confirm. */
async function fillInbox(scene: Scene): Promise<{ mail: Mail; token: string }> {
  const grace = await register(scene, 'grace', 'en', 'Confirm your email address');
  await post(scene, '/v1/verifications/confirm', { token: tokenIn(grace.mail) });
  await arrived(scene, grace.email, 'Welcome to Postrider');
  await register(scene, 'konrad', 'de', 'Bestätige deine E-Mail-Adresse');
  const { mail } = await register(scene, 'ada', 'en', 'Confirm your email address');
  return { mail, token: tokenIn(mail) };
}

async function inboxPictures({ browser }: Scene, mail: Mail): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await browser.open({ viewport: tallDesk, colorScheme, reducedMotion: 'reduce' });
    await page.goto(mail.url);
    await page.frameLocator('iframe').getByRole('link', { name: 'Confirm my address' }).waitFor();
    await page.locator('a.mail[aria-current]').waitFor();
    await save(page, `inbox-${colorScheme}`, 28);
  }
}

async function docsPicture({ browser, apiUrl }: Scene): Promise<void> {
  const { page } = await browser.open({ viewport: desk, colorScheme: 'light', reducedMotion: 'reduce' });
  await page.goto(`${apiUrl}/docs`);
  await page
    .getByRole('link', { name: /Confirm an address/ })
    .first()
    .click();
  await page.getByText('Works once, opens no session.').first().waitFor();
  // Waits until it stands still.
  await page.getByRole('heading', { name: 'Confirm an address' }).first().hover();
  await save(page, 'docs', 40);
}

/** Before the button is pressed, and after: one link, two phones. */
async function confirmPicture({ browser, apiUrl }: Scene, token: string): Promise<void> {
  const shots: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await browser.open({ viewport: phone, colorScheme, reducedMotion: 'reduce' });
    await page.goto(`${apiUrl}/confirm#verify=${token}`);
    await page.getByRole('button', { name: 'Confirm my address' }).waitFor();
    if (colorScheme === 'dark') await page.getByRole('button').click();
    if (colorScheme === 'dark') await page.getByRole('heading', { name: 'Your address is confirmed' }).waitFor();
    shots.push((await page.screenshot()).toString('base64'));
  }
  const { page } = await browser.open({ viewport: { width: 2 * phone.width, height: phone.height } });
  const images = shots.map((shot) => `<img src="data:image/png;base64,${shot}">`);
  await page.setContent(`<style>body { margin: 0; display: flex }</style>${images.join('')}`);
  await save(page, 'confirm', 50);
}

/** The demo's first chapter, as it is told in a terminal. */
async function timelinePicture({ browser, stack }: Scene): Promise<void> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'demo.ts')], {
    env: { ...env, FORCE_COLOR: '1', POSTRIDER_DATA_DIR: stack.dataDir },
  });
  const lines = stdout.split('\n');
  const lineWith = (text: string): number => lines.findIndex((line) => line.includes(text));
  const chapter = lines.slice(lineWith('Ada presses'), lineWith('Eve types') - 1);
  const { page } = await browser.open();
  await page.setContent(terminalHtml(['$ npm run demo', '', ...chapter].join('\n')));
  const { width, height } = (await page.locator('body').boundingBox()) ?? desk;
  await page.setViewportSize({ width: Math.ceil(width), height: Math.ceil(height) });
  await save(page, 'timeline', lossless);
}

/** As WebP, which is a fraction of the PNG. */
async function save(page: Page, name: string, quality: number): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send('Page.captureScreenshot', { format: 'webp', quality });
  const picture = Buffer.from(data, 'base64');
  await writeFile(join(folder, `${name}.webp`), picture);
  print(`${name}.webp, ${(picture.length / 1_000).toFixed(1)} kB`);
  await page.context().close();
}

async function register(
  scene: Scene,
  name: string,
  locale: string,
  subject: string,
): Promise<{ email: string; mail: Mail }> {
  const email = `${name}.${randomBytes(2).toString('hex')}@example.com`;
  await post(scene, '/v1/registrations', { email, password: crypto.randomUUID(), locale });
  return { email, mail: await arrived(scene, email, subject) };
}

function arrived({ mailboxUrl }: Scene, to: string, subject: string): Promise<Mail> {
  return findMail(mailboxUrl, { to, subject }, AbortSignal.timeout(patienceMs));
}

async function post({ apiUrl }: Scene, path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(apiUrl + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
}

function tokenIn({ text, id }: Mail): string {
  const token = /#verify=([\w-]{64})/.exec(text)?.[1];
  if (token === undefined) throw new Error(`The mail ${id} holds no link.`);
  return token;
}
