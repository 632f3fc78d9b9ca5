import type { RunningServer, ServerHooks } from '../process/server-process.ts';
import { answersOk, startServer } from '../process/start-server.ts';
import { doorsOf, type NatsDoors, type NatsSecrets, serverEnvironment } from './nats-secrets.ts';

export interface RunningNats extends RunningServer, NatsDoors {
  readonly monitorUrl: string;
}

export interface NatsOptions extends ServerHooks {
  readonly binary: string;
  /** infra/nats/accounts.conf: users and permissions, neither ports nor folders. */
  readonly configPath: string;
  readonly port: number;
  readonly monitorPort: number;
  /** Where JetStream keeps its streams; a start on the same folder finds them again. */
  readonly storeDir: string;
  readonly secrets: NatsSecrets;
  /** What else the configuration asks the environment for. */
  readonly env?: Readonly<Record<string, string>>;
  /** A folder that must not outlive a killed owner. */
  readonly folder?: string | undefined;
}

/** Resolves when the server is healthy, JetStream included. */
export async function startNats(options: NatsOptions): Promise<RunningNats> {
  const { binary, configPath, port, monitorPort, storeDir, secrets } = options;
  const monitorUrl = `http://127.0.0.1:${monitorPort}`;
  const server = await startServer({
    ...options,
    title: `nats-server on port ${port}, monitoring on ${monitorPort}`,
    command: binary,
    args: ['-c', configPath, '-a', '127.0.0.1', '-p', `${port}`, '-m', `${monitorPort}`, '-js', '-sd', storeDir],
    env: { ...(await serverEnvironment(secrets)), ...options.env },
    diesWithUs: 'reaper',
    stopBy: [{ signal: 'SIGTERM', graceMs: 5_000 }],
    isReady: async (signal) => answersOk(`${monitorUrl}/healthz`, signal),
    readyWithinMs: 30_000,
  });
  return { ...server, monitorUrl, ...doorsOf([`127.0.0.1:${port}`], secrets) };
}
