import { deadLetterHeaders } from '@postrider/messaging';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { expect, test } from 'vitest';
import type { Config } from '../src/config.ts';
import { startEmailWorld } from './email-world.ts';
import { issueVerification } from './issue-verification.ts';

type PrivateKey = Config['sealingPrivateKeys'][number];

async function keyNamed(kid: string): Promise<{ publicKey: JWK; privateKey: PrivateKey }> {
  const pair = await generateKeyPair('ECDH-ES+A256KW', { extractable: true });
  return {
    publicKey: { ...(await exportJWK(pair.publicKey)), kid },
    privateKey: { ...(await exportJWK(pair.privateKey)), kty: 'EC', kid },
  };
}

// The order of the steps is the procedure: the service that opens learns the new key first, the one that seals changes after it, and the
// old key goes when nothing sealed for it is left.
test('a sealing key is replaced without losing a mail; one that goes too early leaves a dead letter that says so, and can be replayed', async () => {
  await using world = await startEmailWorld();
  const [old, fresh] = [await keyNamed('2026-10'), await keyNamed('2026-11')];
  const sealFor = async (key: JWK, email: string) => (await issueVerification(key, { email })).event;

  // 1. The email service holds both. The user service still seals for the old key, then for the new one.
  {
    await using _both = await world.start({}, { sealingPrivateKeys: [fresh.privateKey, old.privateKey] });
    await world.fact('sent', await world.publish(await sealFor(old.publicKey, 'before@example.com')));
    await world.fact('sent', await world.publish(await sealFor(fresh.publicKey, 'after@example.com')));
  }

  // 2. The old key is gone, and something sealed for it comes after all.
  const late = await sealFor(old.publicKey, 'late@example.com');
  let id: string;
  {
    await using _one = await world.start({}, { sealingPrivateKeys: [fresh.privateKey] });
    id = await world.publish(late);
    const letter = await world.deadLetter(id);
    expect(letter.headers[deadLetterHeaders.reason]).toBe(
      'PermanentError: The sealed part is for the key "2026-10", which is not in SEALING_PRIVATE_KEYS.',
    );
    await world.fact('sent', await world.publish(await sealFor(fresh.publicKey, 'fresh@example.com')));
  }
  expect(await world.query('select state, reason from mail where event_id = $1', [id])).toMatchObject([
    { state: 'failed' },
  ]);

  // 3. Given back, the key opens what was given up: the operator replays the letter.
  await using _again = await world.start({}, { sealingPrivateKeys: [fresh.privateKey, old.privateKey] });
  const subject = `challenge.retry.email-challenges.${late.subject}`;
  await world.publish(late, { id, messageId: `replay of ${id}`, subject });
  await world.fact('sent', id);
  expect(world.smtp.received.map(({ to }) => to)).toEqual([
    'before@example.com',
    'after@example.com',
    'fresh@example.com',
    'late@example.com',
  ]);
});
