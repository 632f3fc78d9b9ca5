import type { RunningServer, ServerHooks } from '../process/server-process.ts';
import { answersOk, startServer } from '../process/start-server.ts';

/** The passwords of the three users that the server's configuration declares. */
export interface NatsPasswords {
  readonly user: string;
  readonly email: string;
  readonly operator: string;
}

export interface RunningNats extends RunningServer {
  /** The same server as its three users. */
  readonly urls: NatsPasswords;
  readonly monitorUrl: string;
}

export interface NatsOptions extends ServerHooks {
  readonly binary: string;
  /** infra/nats/server.conf: users and permissions, neither ports nor folders. */
  readonly configPath: string;
  readonly port: number;
  readonly monitorPort: number;
  /** Where JetStream keeps its streams; a start on the same folder finds them again. */
  readonly storeDir: string;
  readonly passwords: NatsPasswords;
  /** A folder that must not outlive a killed owner. */
  readonly folder?: string | undefined;
}

/** Resolves when the server is healthy, JetStream included. */
export async function startNats(options: NatsOptions): Promise<RunningNats> {
  const { binary, configPath, port, monitorPort, storeDir, passwords } = options;
  const monitorUrl = `http://127.0.0.1:${monitorPort}`;
  const server = await startServer({
    ...options,
    title: `nats-server on port ${port}, monitoring on ${monitorPort}`,
    command: binary,
    args: ['-c', configPath, '-a', '127.0.0.1', '-p', `${port}`, '-m', `${monitorPort}`, '-js', '-sd', storeDir],
    env: {
      NATS_USER_PASSWORD: passwords.user,
      NATS_EMAIL_PASSWORD: passwords.email,
      NATS_OPERATOR_PASSWORD: passwords.operator,
    },
    diesWithUs: 'reaper',
    stopBy: [{ signal: 'SIGTERM', graceMs: 5_000 }],
    isReady: async (signal) => answersOk(`${monitorUrl}/healthz`, signal),
    readyWithinMs: 30_000,
  });
  return { ...server, monitorUrl, urls: natsUrls(port, passwords) };
}

export function natsUrls(port: number, passwords: NatsPasswords, host = '127.0.0.1'): NatsPasswords {
  const url = (user: keyof NatsPasswords): string => `nats://${user}:${passwords[user]}@${host}:${port}`;
  return { user: url('user'), email: url('email'), operator: url('operator') };
}
