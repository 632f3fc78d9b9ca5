// Everything that can be killed: PostgreSQL, one or three nats-servers, a mail server, and two replicas of each service, each a process of
// its own with a supervisor that starts it again. They know each other by fixed ports of the loopback.
import type { NatsServerLookup, Secrets } from '@postrider/local';
import type { SmtpFleet } from '../smtp/start-smtp.ts';
import { startSmtp } from '../smtp/start-smtp.ts';
import { chaosTopology } from './chaos-topology.ts';
import { countHandled, type HandledCounter } from './count-handled.ts';
import type { Member } from './member.ts';
import { openContext } from './open-context.ts';
import { type Broker, startBroker } from './start-broker.ts';
import { type Databases, startDatabases } from './start-databases.ts';
import { startEmailReplica, startUserReplica, type UserReplica } from './start-services.ts';

export interface FleetOptions {
  /** The root of the repository. */
  readonly root: string;
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly natsServer: NatsServerLookup;
  /** nats-servers: one, or three with every stream on all of them. */
  readonly nodes: number;
  /** For a short run; otherwise everything is as in production. */
  readonly quick?: Quick | undefined;
  readonly onTrouble: (text: string) => void;
}

/** Shorter times than production's. */
export interface Quick {
  readonly leaseMs: number;
  readonly ackWaitMs: number;
  /** For how long a stream remembers what it has; undefined: as declared. */
  readonly duplicateWindowMs?: number;
}

export interface FleetContext extends FleetOptions {
  readonly secrets: Secrets;
  /** Where a process writes its lines. */
  readonly logTo: (name: string) => (line: string) => void;
}

export interface Fleet extends AsyncDisposable {
  readonly members: readonly Member[];
  readonly users: readonly UserReplica[];
  readonly databases: Databases;
  readonly broker: Broker;
  readonly smtp: SmtpFleet;
  readonly handled: HandledCounter;
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  await using starting = new AsyncDisposableStack();
  const { nodes, quick } = options;
  const handled = countHandled();
  const takeLine = (name: string, line: string): void => {
    if (name.startsWith('email')) handled.take(line);
  };
  const context = starting.use(await openContext(options, takeLine));
  const topology = chaosTopology({ nodes, ...quick });
  const [databases, broker, smtp] = await Promise.all([
    startDatabases(context).then((one) => starting.use(one)),
    startBroker(context, nodes, topology).then((one) => starting.use(one)),
    startSmtp(context).then((one) => starting.use(one)),
  ]);
  const userJoined = { databaseUrl: databases.urls.user, nats: broker.as('user') };
  const emailJoined = { databaseUrl: databases.urls.email, nats: broker.as('email'), smtpUrl: smtp.url };
  const [users, emails] = await Promise.all([
    Promise.all([1, 2].map(async (index) => startUserReplica(context, index, userJoined))),
    Promise.all([1, 2].map(async (index) => startEmailReplica(context, index, emailJoined))),
  ]);
  const services = [...users.map(({ member }) => member), ...emails];
  starting.defer(async () => void (await Promise.all(services.map((one) => one[Symbol.asyncDispose]()))));
  const running = starting.move();
  return {
    members: [databases.member, ...broker.members, smtp.member, ...services],
    users,
    databases,
    broker,
    smtp,
    handled,
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}
