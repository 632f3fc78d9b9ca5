import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';
import { challengeLife } from '../challenges/prepare-challenge.ts';

/**
 * A flow is what a client holds after it submitted an address: with it and the code from the mail it can confirm, and ask for another
 * mail. It exists for every submitted address, tells nothing about it, and stands in no event or mail, so that neither
 * side's secret gives the other away.
 */
export async function openFlow(em: EntityManager, email: string, now: Date): Promise<string> {
  const flowId = randomUUID();
  await query(em, 'insert into verification_flow (id, email, expires_at) values ($1, $2, $3)', [
    flowId,
    email,
    new Date(now.getTime() + challengeLife.linkMs),
  ]);
  return flowId;
}

/** The address that was submitted; undefined for a flow that never was or is over. */
export async function emailOfFlow(em: EntityManager, flowId: string): Promise<string | undefined> {
  const [flow] = await query<{ email: string }>(
    em,
    'select email from verification_flow where id = $1 and expires_at > now()',
    [flowId],
  );
  return flow?.email;
}
