import type { Servers } from '../../../services/user/test/account-fixture.ts';
import { unseal } from '../../../services/user/test/user-service-fixture.ts';

/** Token and code of the challenge that was issued last for an address, as its mail would bring them. */
export async function newestSecrets(servers: Servers, email: string): Promise<{ token: string; code: string }> {
  const [event] = await servers.rows<{ sealed: string }>(
    `select payload->>'sealed' as sealed from outbox_event
     where stream = 'USER_CHALLENGES' and payload->>'email' = $1 and payload ? 'sealed' order by id desc limit 1`,
    [email],
  );
  if (event === undefined) throw new Error(`No challenge was issued for ${email}.`);
  return unseal(event.sealed);
}
