import type { Chance } from '../random.ts';

/**
 * What a client may believe after an operation. `ok`: it happened. `lost`: it did not, and the client knows (refused, or never sent).
 * `unknown`: the answer was lost, or says that it is not known; it may have happened, or happen yet.
 */
export type Outcome = 'ok' | 'lost' | 'unknown';

export interface UserApi {
  register(email: string, password: string): Promise<Outcome>;
  resend(email: string): Promise<Outcome>;
  confirm(token: string): Promise<Outcome>;
  /** Asks for a mail that sets a new password. */
  forget(email: string): Promise<Outcome>;
  reset(token: string, newPassword: string): Promise<Outcome>;
}

/** A client that asks one of the replicas, as a load balancer without health checks would. It never asks twice by itself. */
export function createUserApi(urls: readonly string[], chance: Chance, patienceMs = 10_000): UserApi {
  const post = async (path: string, body: Record<string, string>): Promise<Outcome> =>
    ask(`${chance.pick(urls) ?? ''}${path}`, body, patienceMs);
  return {
    register: async (email, password) => post('/v1/registrations', { email, password, locale: 'en' }),
    resend: async (email) => post('/v1/verifications', { email }),
    confirm: async (token) => post('/v1/verifications/confirm', { token }),
    forget: async (email) => post('/v1/password-resets', { email }),
    reset: async (token, newPassword) => post('/v1/password-resets/confirm', { token, newPassword }),
  };
}

async function ask(url: string, body: Record<string, string>, patienceMs: number): Promise<Outcome> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patienceMs),
    });
    await response.body?.cancel();
    if (response.ok) return 'ok';
    // "The service can't do this right now, or could not hear whether it was done."
    return response.status >= 500 ? 'unknown' : 'lost';
  } catch (error) {
    return wasNeverSent(error) ? 'lost' : 'unknown';
  }
}

/** Nobody listened: then nobody has heard anything. */
function wasNeverSent(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
