import { execFile } from 'node:child_process';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Parser } from '@asyncapi/parser';
import { allEvents, toHeaders } from '@postrider/contracts';
import { findFlaws, looks, testBrowser, whyNoBrowser } from '@postrider/local/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect, test } from 'vitest';
import { catalogueOf } from '../src/catalogue.ts';
import { readBase } from '../src/published.ts';
import { createTempFolder } from '../../local/src/testing/temp-folder.ts';

const catalogue = join(import.meta.dirname, '../../../libs/contracts/catalogue');
const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(join(catalogue, path), 'utf8'));
const run = promisify(execFile);
/** Levels of a diagnostic: errors and warnings; the rest is advice. */
const serious: readonly number[] = [0, 1];

test('the official parser finds nothing wrong with the AsyncAPI document, and every event in it', async () => {
  const { document, diagnostics } = await new Parser().parse(await readFile(join(catalogue, 'asyncapi.json'), 'utf8'));
  expect(diagnostics.filter(({ severity }) => serious.includes(severity))).toEqual([]);
  expect(document?.version()).toBe('3.0.0');
  const channels = document?.channels().all() ?? [];
  expect(channels.map((channel) => channel.id()).toSorted()).toEqual(allEvents.map(({ type }) => type).toSorted());
});

test('a wrong AsyncAPI document is found wrong', async () => {
  const text = await readFile(join(catalogue, 'asyncapi.json'), 'utf8');
  const { diagnostics } = await new Parser().parse(text.replaceAll('"action": "send"', '"action": "shout"'));
  expect(diagnostics.some(({ severity }) => serious.includes(severity))).toBe(true);
});

test.each(allEvents.map(({ type }) => type))(
  'the golden sample of %s fits its JSON Schema, also with what is to come',
  async (type) => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    formats.default(ajv);
    const validate = ajv.compile((await readJson(`schemas/${type}.json`)) as object);
    const sample = (await readJson(`samples/${type}.json`)) as object;
    expect(validate(sample) ? [] : validate.errors).toEqual([]);
    expect(validate({ ...sample, unknownToUs: true })).toBe(true);
    expect(validate({})).toBe(false);
  },
);

test('the headers that a message has are those that the catalogue describes', async () => {
  const { envelope } = (await readJson('contracts.json')) as { envelope: { properties: object; required: string[] } };
  const all = { id: 'i', source: '/s', type: 'a.b.v1', subject: 's', time: '2026-11-24T09:00:00Z', sequence: '1' };
  const more = { correlationId: 'c', causationId: 'd', traceparent: 't', tracestate: 'u' };
  expect(Object.keys(toHeaders({ ...all, ...more })).toSorted()).toEqual(Object.keys(envelope.properties).toSorted());
  const { sequence: _none, ...least } = all;
  expect(Object.keys(toHeaders(least)).toSorted()).toEqual(envelope.required.toSorted());
});

test('contracts are compared with what the branch left, however its own files were edited', async ({ skip }) => {
  const git = await run('git', ['--version']).catch(() => undefined);
  skip(git === undefined, 'git is not installed');
  await using folder = await createTempFolder('contracts-base');
  const root = await realpath(folder.path);
  const at = async (...args: string[]) =>
    run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: root });
  const path = join(root, 'libs/contracts/catalogue/contracts.json');
  const write = async (contracts: typeof allEvents): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(catalogueOf(contracts)));
  };
  await write(allEvents);
  expect((await readBase(root)).name).toBe('the files in this folder');
  await at('init', '--quiet', '--initial-branch', 'main');
  await at('add', '.');
  await at('commit', '--quiet', '--message', 'published');
  await at('switch', '--quiet', '--create', 'change');
  await write([]);
  await at('commit', '--quiet', '--all', '--message', 'hidden');
  const base = await readBase(root);
  expect(base.name).toMatch(/^main \(/);
  expect(base.catalogue.events).toHaveLength(allEvents.length);
  await expect(readBase(root, 'nowhere')).rejects.toThrow('no common ancestor');
});

test.skipIf(whyNoBrowser !== '').each(looks)('the page reads well: $name', async (look) => {
  await using browser = await testBrowser();
  const { page } = await browser.open(look);
  await page.goto(`file://${join(catalogue, 'index.html')}`);
  expect(await findFlaws(page)).toEqual([]);
  const articles = page.locator('article[data-event]:visible');
  await expect.poll(() => articles.count()).toBe(allEvents.length + 1);
  await page.getByRole('searchbox').fill('email_verified');
  await expect.poll(() => articles.count()).toBe(1);
  await page.getByRole('searchbox').fill('no such thing');
  await expect.poll(() => page.getByRole('status').innerText()).toBe('No event is like that.');
  expect(await findFlaws(page)).toEqual([]);
});
