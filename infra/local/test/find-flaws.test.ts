import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { findFlaws, testBrowser, type TestBrowser, whyNoBrowser } from '../src/testing/index.ts';

const running = new AsyncDisposableStack();
let browser: TestBrowser;

beforeAll(async () => {
  if (whyNoBrowser === '') browser = running.use(await testBrowser());
});
afterAll(() => running.disposeAsync());
beforeEach(({ skip }) => skip(whyNoBrowser !== '', whyNoBrowser));

test.each([
  ['pale text', '<p style="color: #999">Hello', '<p> “Hello” has a contrast of 2.85, not 4.5'],
  ['text on a ground further out', '<div style="background: #000"><p style="color: #333">Hello', 'contrast of 1.66'],
  ['text that opacity pales', '<p style="opacity: 0.3">Hello', 'contrast of 2.'],
  ['colours by any name', '<p style="color: oklch(0.9 0 0)">Hello', 'contrast of 1.'],
  ['large text that is too pale even so', '<h1 style="font-size: 30px; color: #aaa">Hello', 'not 3'],
  ['a small button', '<button style="width: 90px; height: 30px">Go', '<button> “Go” is small to touch, 90×30 px'],
  ['something wide', '<div style="width: 500px; height: 1px">', 'scrolls sideways by'],
])('%s is told', async (_what, body, told) => {
  expect(await flawsIn(body)).toEqual([expect.stringContaining(told)]);
});

test.each([
  ['large text may be paler', '<h1 style="font-size: 30px; color: #888">Hello'],
  ['what is disabled may be pale', '<button disabled style="min-width: 90px; height: 44px; opacity: 0.3">Go'],
  ['a link in a line may be as high as the line', '<p>See <a href="/">there</a>'],
  ['what is not shown does not count', '<p hidden style="color: #fff">Hello'],
])('%s', async (_what, body) => {
  expect(await flawsIn(body)).toEqual([]);
});

async function flawsIn(body: string): Promise<string[]> {
  const { page } = await browser.open({ viewport: { width: 320, height: 560 } });
  await page.setContent(`<!doctype html><body>${body}`);
  const flaws = await findFlaws(page);
  await page.context().close();
  return flaws;
}
