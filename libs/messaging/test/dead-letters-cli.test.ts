import { natsCli, natsCliPath, whyNoNatsCli } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { on, PermanentError, readAudit, startSubscription } from '../src/index.ts';
import { log, messagingServer, thing } from './messaging-fixture.ts';
import { thingDone } from './thing-done.ts';

/** What the README tells an operator who has nothing but the `nats` CLI, done with the real one. */
test.skipIf(natsCliPath === undefined)(
  `a letter is listed, shown, replayed and discarded with the nats CLI alone${whyNoNatsCli}`,
  async () => {
    await using server = await messagingServer();
    const nats = natsCli(server.server.urls.operator);
    const seen: { id: string; n: number }[] = [];
    let isMended = false;
    await using _subscription = startSubscription({
      nats: server.email,
      declaration: server.declaration,
      handlers: [
        on(thingDone, async ({ id, data }) => {
          if (!isMended || data.n === 2) throw new PermanentError('The template is broken.');
          seen.push({ id, n: data.n });
        }),
      ],
      log,
    });
    await server.publisher.publish(thing(1));
    await server.publisher.publish(thing(2));
    await expect.poll(async () => (await server.deadLetters()).length).toBe(2);
    isMended = true;

    expect(await nats('stream', 'subjects', 'DEAD_LETTERS')).toContain('dead.email-user-events.user.v1.thing_done.u-1');
    const shown = await nats('stream', 'get', 'DEAD_LETTERS', '1');
    expect(shown).toContain('Postrider-Dead-Reason: PermanentError: The template is broken.');
    const header = (name: string): string => new RegExp(`^ *${name}: (.*)$`, 'm').exec(shown)?.[1]?.trim() ?? '';
    const body = shown.trim().split('\n').at(-1) ?? '';

    const trail = { at: '2026-11-24T09:00:00Z', by: 'grace', because: 'mended' };
    const said = JSON.stringify({ ...trail, action: 'replay', letter: 1 });
    await nats('pub', '-J', 'audit.dead_letters.replay.email-user-events', said);
    const ce = ['ce-id', 'ce-source', 'ce-type', 'ce-subject', 'ce-time'].flatMap((name) => [
      '-H',
      `${name}:${header(name)}`,
    ]);
    const own = ['-H', `Nats-Msg-Id:replay:1:${header('ce-id')}`, '-H', 'Postrider-Replay-Of:1'];
    await nats('pub', '-J', `user.retry.email-user-events.${header('Postrider-Dead-Subject')}`, body, ...own, ...ce);
    await nats('stream', 'rmm', 'DEAD_LETTERS', '1', '-f');
    await expect.poll(() => seen).toEqual([{ id: header('ce-id'), n: Number(JSON.parse(body).n) }]);

    const discarded = JSON.stringify({ ...trail, action: 'discard', letter: 2 });
    await nats('pub', '-J', 'audit.dead_letters.discard.email-user-events', discarded);
    await nats('stream', 'rmm', 'DEAD_LETTERS', '2', '-f');
    expect(await nats('stream', 'subjects', 'DEAD_LETTERS')).toContain('No subjects found');
    const entries = [];
    for await (const entry of readAudit(await server.operator.first())) entries.push(entry);
    expect(entries).toMatchObject([
      { action: 'replay', letter: 1, ...trail },
      { action: 'discard', letter: 2, ...trail },
    ]);
  },
);
