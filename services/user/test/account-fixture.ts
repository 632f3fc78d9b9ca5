import { createPasswordHasher } from '../src/accounts/password-hasher.ts';
import { password, request, type userServers } from './user-service-fixture.ts';

export type Servers = Awaited<ReturnType<typeof userServers>>;

const passwordHash = await createPasswordHasher().hash(password);

/** Puts an account where registering and verifying would put it. Its password is {@link password}, unless it has none. */
export async function addAccount(
  servers: Servers,
  name: string,
  { isVerified = true, hasPassword = true } = {},
): Promise<{ id: string; email: string }> {
  const email = `${name}@example.com`;
  const [row] = await servers.rows<{ id: string }>(
    `insert into "user" (id, email, display_name, locale, password_hash, verified_email, created_at)
     values (gen_random_uuid(), $1, $2, 'en', $3, $4, now()) returning id`,
    [email, name, hasPassword ? passwordHash : null, isVerified ? email : null],
  );
  return { id: row?.id ?? '', email };
}

export async function signIn(url: string, email: string, more: Record<string, unknown> = {}, headers = {}) {
  return request(`${url}/v1/sessions`, 'POST', { email, password, ...more }, headers);
}

export async function refresh(url: string, refreshToken: unknown) {
  return request(`${url}/v1/sessions/refresh`, 'POST', { refreshToken });
}

export const bearer = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` });

/** The events of a type, in the order of their commits, as the outbox has them. */
export async function recorded(servers: Servers, type: string): Promise<Record<string, unknown>[]> {
  const rows = await servers.rows<{ payload: Record<string, unknown> }>(
    `select payload from outbox_event where type = $1 order by id`,
    [`user.${type}.v1`],
  );
  return rows.map(({ payload }) => payload);
}
