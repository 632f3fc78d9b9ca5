import { addAccount, signIn } from '../../../services/user/test/account-fixture.ts';
import { password, userServers } from '../../../services/user/test/user-service-fixture.ts';
import type { Knowledge } from '../src/requests.ts';

/** The user service on real servers, without limits on how often it is asked, and what an attacker may know of it. */
export async function securityWorld(env: Record<string, string> = {}) {
  await using stack = new AsyncDisposableStack();
  const servers = stack.use(await userServers());
  const service = stack.use(await servers.start({ RATE_LIMIT_SCALE: '0', ...env }));
  const accounts = [];
  for (const name of ['ada', 'bob', 'eve']) accounts.push(await addAccount(servers, name));
  const tokens: string[] = [];
  for (const { email } of accounts) tokens.push((await signIn(service.urls.public, email)).body.accessToken);
  const knowledge: Knowledge = {
    emails: accounts.map(({ email }) => email),
    passwords: [password],
    accessTokens: tokens,
    ids: accounts.map(({ id }) => id),
  };
  const running = stack.move();
  return { servers, service, knowledge, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
