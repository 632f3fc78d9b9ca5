import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** A tab in headless Chromium, and what went on in it since it was opened. */
export interface TestPage {
  readonly page: Page;
  /** Everything the tab asked for, `GET http://…`, in order. */
  readonly requests: readonly string[];
  /** What the console got as an error: violations of the content security policy are told there too. */
  readonly errors: readonly string[];
}

export interface TestBrowser extends AsyncDisposable {
  /** Opens a tab with a profile of its own. */
  open(options?: BrowserContextOptions): Promise<TestPage>;
}

/** How pages are looked at: on a phone that is small, on a desk, in both colour schemes, by somebody whom motion disturbs. */
export const looks: readonly (BrowserContextOptions & { name: string })[] = [320, 1280].flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({
    name: `${width} px, ${colorScheme}`,
    colorScheme,
    reducedMotion: 'reduce' as const,
    viewport: { width, height: width === 320 ? 560 : 800 },
  })),
);

/** Where Chromium is: CHROMIUM_BIN, or by one of its usual names. Undefined where there is none. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_BIN'];
  if (named !== undefined && named !== '') return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
  const candidates = [
    '/usr/bin/chromium',
    ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ];
  return candidates.find((path) => existsSync(path));
}

/** Why tests of pages are skipped here, for their name; empty where they run. */
export const whyNoBrowser =
  findChromium() === undefined ? 'skipped: no Chromium found; install it or set CHROMIUM_BIN' : '';

/** Starts the machine's own Chromium, headless, with an empty profile. It talks to nobody but the pages under test. */
export async function testBrowser(): Promise<TestBrowser> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error('No Chromium was found. Install it, or set CHROMIUM_BIN to its path.');
  // Loaded here, since tests without a browser import this package too.
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath,
    // As root, which containers and CI often are, Chromium starts without its sandbox only.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return { open: (options) => openPage(browser, options), [Symbol.asyncDispose]: () => browser.close() };
}

async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<TestPage> {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000); // Only matters when something is wrong: a busy machine must not fail a test.
  const [requests, errors]: [string[], string[]] = [[], []];
  context.on('request', (request) => requests.push(`${request.method()} ${request.url()}`));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  return { page, requests, errors };
}
