import { join } from 'node:path';
import { accessVariables, freePort, startNodeServer } from '@postrider/local';
import type { NatsAccess } from '@postrider/messaging';
import { type Member, startMember } from './member.ts';
import type { FleetContext } from './start-fleet.ts';

/** A replica of the user service, and where people and operators reach it. */
export interface UserReplica {
  readonly member: Member;
  readonly url: string;
  readonly adminUrl: string;
}

export interface Joined {
  readonly databaseUrl: string;
  readonly nats: NatsAccess;
}

// What it does not end in this time is cut off: the fleet's end is of no interest.
const stopGraceMs = 2_500;

export async function startUserReplica(context: FleetContext, index: number, joined: Joined): Promise<UserReplica> {
  const { secrets } = context;
  const [publicPort, gateway, admin] = [await freePort(), await freePort(), await freePort()];
  const member = await startService(context, {
    name: `user-${index}`,
    kind: 'user',
    script: 'services/user/src/main.ts',
    ports: [publicPort, gateway, admin],
    settings: {
      PUBLIC_PORT: String(publicPort),
      GATEWAY_PORT: String(gateway),
      ADMIN_PORT: String(admin),
      DATABASE_URL: joined.databaseUrl,
      ...accessVariables(joined.nats),
      SEALING_PUBLIC_KEY: JSON.stringify(secrets.sealing.publicKey),
      CODE_KEY: secrets.codeKey,
      SESSION_KEY: secrets.sessionKey,
      VERIFICATION_COOLDOWN_SECONDS: '1',
      RATE_LIMIT_SCALE: '100', // All people come from one address.
    },
  });
  return { member, url: `http://127.0.0.1:${publicPort}`, adminUrl: `http://127.0.0.1:${admin}` };
}

export async function startEmailReplica(
  context: FleetContext,
  index: number,
  { smtpUrl, ...joined }: Joined & { readonly smtpUrl: string },
): Promise<Member> {
  const { secrets, quick } = context;
  const port = await freePort();
  return startService(context, {
    name: `email-${index}`,
    kind: 'email',
    // The real one, but in a short run with shorter leases.
    script: quick === undefined ? 'services/email/src/main.ts' : 'infra/chaos/src/fleet/quick-email-service.ts',
    ports: [port],
    settings: {
      PORT: String(port),
      DATABASE_URL: joined.databaseUrl,
      ...accessVariables(joined.nats),
      SMTP_URL: smtpUrl,
      SEALING_PRIVATE_KEYS: JSON.stringify([secrets.sealing.privateKey]),
      RECIPIENT_KEY: secrets.recipientKey,
      ...(quick && { CHAOS_LEASE_MS: String(quick.leaseMs), CHAOS_ACK_WAIT_MS: String(quick.ackWaitMs) }),
    },
  });
}

interface Service {
  readonly name: string;
  readonly kind: 'user' | 'email';
  readonly script: string;
  readonly ports: readonly number[];
  readonly settings: NodeJS.ProcessEnv;
}

async function startService(context: FleetContext, { name, kind, script, ports, settings }: Service): Promise<Member> {
  const { root, env, logTo, onTrouble } = context;
  return startMember({
    name,
    kind,
    onTrouble,
    onLine: logTo(name),
    start: async ({ isRestart, ...hooks }) =>
      startNodeServer({
        title: name,
        script: join(root, script),
        cwd: root,
        env: { ...env, ...settings, HOST: '127.0.0.1', SHUTDOWN_GRACE_SECONDS: String(stopGraceMs / 1_000) },
        // What it needs may be down when it is started again.
        readyUrls: ports.map((port) => `http://127.0.0.1:${port}/${isRestart ? 'livez' : 'readyz'}`),
        stopGraceMs: stopGraceMs + 500,
        ...hooks,
      }),
  });
}
