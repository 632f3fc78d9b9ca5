import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { z } from 'zod';

const script = readFileSync(join(import.meta.dirname, 'flaws.browser.js'), 'utf8');

/**
 * What a careful look at a page would find, a sentence each, as it is shown right now: that it scrolls sideways, texts that are
 * paler than WCAG's AA wants, and what is too small for a thumb. Empty where there is nothing to mend. Texts on pictures and
 * gradients are judged by the colour below.
 */
export async function findFlaws(page: Pick<Page, 'evaluate'>): Promise<string[]> {
  return z.array(z.string()).parse(await page.evaluate(script));
}
