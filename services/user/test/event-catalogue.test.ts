import { allEvents } from '@postrider/contracts';
import { findFlaws, testBrowser, whyNoBrowser } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { request, userServers } from './user-service-fixture.ts';

test('what ce-dataschema names is there, for every event, and nothing beside it', async () => {
  await using servers = await userServers();
  await using service = await servers.boot({ EVENTS_ENABLED: 'false' });
  for (const { type, schemaPath } of allEvents) {
    const { status, headers, body } = await request(`${service.urls.public}${schemaPath}`, 'GET');
    expect({ status, title: body.title }).toEqual({ status: 200, title: type });
    expect(headers.get('content-type')).toContain('application/schema+json');
  }
  for (const path of [
    '/schemas/user.nothing.v1.json',
    '/schemas/..%2fcontracts.json',
    '/events/..%2f..%2fpackage.json',
  ])
    expect((await request(`${service.urls.public}${path}`, 'GET')).status).toBe(404);
  expect((await request(`${service.urls.public}/events/asyncapi.json`, 'GET')).body.asyncapi).toBe('3.0.0');
});

test.skipIf(whyNoBrowser !== '')('the page of the events works under its policy', async () => {
  await using servers = await userServers();
  await using service = await servers.boot({ EVENTS_ENABLED: 'false' });
  await using browser = await testBrowser();
  const { page, errors } = await browser.open({ viewport: { width: 320, height: 560 } });
  await page.goto(`${service.urls.public}/events`);
  expect(await findFlaws(page)).toEqual([]);
  await page.getByRole('searchbox').fill('email_verified');
  await expect.poll(() => page.locator('article[data-event]:visible').count()).toBe(1);
  await page.getByRole('link', { name: 'JSON Schema' }).click();
  await expect.poll(() => page.url()).toBe(`${service.urls.public}/events/schemas/user.email_verified.v1.json`);
  expect(errors).toEqual([]);
});
