import { addAccount, signIn } from '../../../services/user/test/account-fixture.ts';
import { password, userServers } from '../../../services/user/test/user-service-fixture.ts';
import type { Knowledge } from '../src/requests.ts';

/** The user service on real servers, without limits on how often it is asked, and what its clients know. */
export async function securityWorld(env: Record<string, string> = {}, people = 25) {
  await using stack = new AsyncDisposableStack();
  const servers = stack.use(await userServers());
  const service = stack.use(await servers.start({ RATE_LIMIT_SCALE: '0', ...env }));
  const url = service.urls.public;
  const accounts: { id: string; email: string }[] = [];
  for (let n = 0; n < people; n++) accounts.push(await addAccount(servers, `person-${n}`));
  /** Signs everybody in anew: some requests end sessions. */
  const knowledge = async (): Promise<Knowledge> => ({
    emails: accounts.map(({ email }) => email),
    passwords: [password],
    accessTokens: await Promise.all(
      accounts.map(async ({ email }) => (await signIn(url, email)).body.accessToken ?? 'none'),
    ),
    ids: accounts.map(({ id }) => id),
  });
  const running = stack.move();
  return { servers, service, knowledge, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
