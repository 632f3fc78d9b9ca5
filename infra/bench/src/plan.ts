import type { Options } from './options.ts';
import { bullmq } from './peers/bullmq.ts';
import { graphileWorker } from './peers/graphile-worker.ts';
import { jetstreamAlone } from './peers/jetstream-alone.ts';
import { noEvents } from './peers/no-events.ts';
import type { Peer } from './peers/peer.ts';
import { pgBoss } from './peers/pg-boss.ts';
import { postrider, postriderInOne } from './peers/postrider/postrider.ts';
import { procrastinate } from './peers/procrastinate/procrastinate.ts';
import { measureDrain } from './workloads/drain.ts';
import { measureDrainIntoStream } from './workloads/drain-into-stream.ts';
import { measureFanOut } from './workloads/fan-out.ts';
import { measureHashing } from './workloads/hashing.ts';
import { measureHeldTransaction } from './workloads/held-transaction.ts';
import { measureIdle } from './workloads/idle.ts';
import { measureKeptEvents, measureKeptRows } from './workloads/kept-events.ts';
import { measureLatency } from './workloads/latency.ts';
import { measureMail } from './workloads/mail.ts';
import { measureOutage } from './workloads/outage.ts';
import { measureStart } from './workloads/start.ts';
import { measureThroughput } from './workloads/throughput.ts';

export interface Measurement {
  readonly workload: string;
  readonly peer: string;
  measure(): Promise<object>;
}

export interface PlanContext {
  readonly options: Options;
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly hasRedis: boolean;
  readonly hasPython: boolean;
}

/** What is measured in one run, in order: of each workload all peers in turn, so that they share the machine's moods. */
export function plan({ options, root, env, hasRedis, hasPython }: PlanContext): Measurement[] {
  const { isQuick, only, skip, peers: wanted, holdSeconds } = options;
  const queues = isQuick
    ? [graphileWorker]
    : [
        graphileWorker,
        pgBoss('by notify'),
        pgBoss('by polling'),
        ...(hasPython ? [procrastinate] : []),
        ...(hasRedis ? [bullmq] : []),
      ];
  const all = [postrider(), ...queues];
  // Procrastinate takes jobs one by one, some hundred a second: of a larger backlog than 10,000 it would be at work for minutes to half an hour.
  const quicklyDrained = [...all, jetstreamAlone].filter((peer) => peer !== procrastinate);
  // Where the relay runs matters while it works beside producers.
  const live = isQuick ? all : [postrider(), postriderInOne(), ...queues];
  const transactional = all.filter((peer) => peer.isTransactional);
  const measured = (
    workload: string,
    peers: readonly Peer[],
    measure: (peer: Peer) => Promise<object>,
  ): Measurement[] => peers.map((peer) => ({ workload, peer: peer.name, measure: async () => measure(peer) }));
  const product = (workload: string, measure: () => Promise<object>): Measurement[] => [
    { workload, peer: 'postrider', measure },
  ];
  const seconds = isQuick ? 5 : 10;
  const events = isQuick ? 5_000 : 20_000;
  const sync = { natsSync: 'always' } as const;
  const cluster = { natsNodes: 3 } as const;

  const calm = measured('latency 50/s', live, async (peer) => measureLatency({ peer, env }, { rate: 50, seconds }));
  const quick = [
    ...measured('latency 500/s', live, async (peer) => measureLatency({ peer, env }, { rate: 500, seconds })),
    ...measured('throughput, MikroORM', [...live, noEvents], async (peer) =>
      measureThroughput({ peer, env, isConsumed: peer !== noEvents }, { events }),
    ),
    ...measured('drain 10k', [...all, jetstreamAlone], async (peer) =>
      measureDrain({ peer, env }, { backlog: 10_000 }),
    ),
  ];
  const more = [
    ...measured('latency 500/s, sync always', [postrider()], async (peer) =>
      measureLatency({ peer, env, ...sync }, { rate: 500, seconds }),
    ),
    ...measured('commits, MikroORM', [...transactional, noEvents], async (peer) =>
      measureThroughput({ peer, env, isConsumed: false }, { events }),
    ),
    ...measured('commits, no ORM', [...transactional, noEvents], async (peer) =>
      measureThroughput({ peer, env, isConsumed: false, by: 'pg' }, { events }),
    ),
    ...measured('throughput, no ORM', all, async (peer) => measureThroughput({ peer, env, by: 'pg' }, { events })),
    ...measured('throughput, MikroORM, 1M accounts before', [postrider(), graphileWorker], async (peer) =>
      measureThroughput({ peer, env, accounts: 1_000_000 }, { events }),
    ),
    ...measured('idle', [postriderInOne(), ...transactional], async (peer) =>
      measureIdle({ peer, env }, { seconds: 20 }),
    ),
    ...measured('drain 100k', quicklyDrained, async (peer) => measureDrain({ peer, env }, { backlog: 100_000 })),
    ...measured('drain 500k', quicklyDrained, async (peer) => measureDrain({ peer, env }, { backlog: 500_000 })),
    ...measured('drain 500k, sync always', [postrider()], async (peer) =>
      measureDrain({ peer, env, ...sync }, { backlog: 500_000 }),
    ),
    ...measured('drain 500k, into the stream alone', [postrider(), jetstreamAlone], async (peer) =>
      measureDrainIntoStream({ peer, env }, { backlog: 500_000 }),
    ),
    ...[1, 5, 20].flatMap((durables) =>
      measured(`fan-out to ${durables}`, [postrider(durables)], async (peer) =>
        measureFanOut({ peer, env }, { durables, events: 5_000 }),
      ),
    ),
    ...measured('NATS away for a minute', [postrider()], async (peer) =>
      measureOutage({ peer, env }, { rate: 500, seconds: 60 }),
    ),
    ...measured('three nodes: latency 500/s', [postrider()], async (peer) =>
      measureLatency({ peer, env, ...cluster }, { rate: 500, seconds }),
    ),
    ...measured('three nodes: throughput, MikroORM', [postrider()], async (peer) =>
      measureThroughput({ peer, env, ...cluster }, { events }),
    ),
    ...measured('three nodes: drain 100k', [postrider()], async (peer) =>
      measureDrain({ peer, env, ...cluster }, { backlog: 100_000 }),
    ),
    ...product('mail', async () => measureMail({ root, env }, { mails: 5_000 })),
    ...(['registrations', 'sign-ins'] as const).flatMap((flow) =>
      product(flow, async () => measureHashing({ root, env, flow }, { rounds: 5, seconds: 5, clients: 32 })),
    ),
    ...product('start', async () => measureStart({ root, env })),
  ];
  const million = 1_000_000;
  const kept = [
    ...product('kept in a stream, 1M events of 1M accounts', async () =>
      measureKeptEvents({ env }, { events: million, accounts: million }),
    ),
    ...product('kept in a stream, 1M events of 10k accounts', async () =>
      measureKeptEvents({ env }, { events: million, accounts: 10_000 }),
    ),
    ...product('kept in the outbox, 1M events', async () => measureKeptRows({ env }, { events: million })),
  ];
  const long = measured(
    'held transaction',
    [postrider(), graphileWorker, pgBoss('by notify'), ...(hasPython ? [procrastinate] : [])],
    async (peer) => measureHeldTransaction({ peer, env }, { rate: 100, before: 60, held: holdSeconds, after: 120 }),
  );
  const runs = Array.from({ length: options.runs }, () => (isQuick ? quick : [...calm, ...quick, ...more])).flat();
  // Once: how much is kept differs little from run to run, and the transactions take as long as all the others.
  return [...runs, ...(isQuick ? [] : [...kept, ...long])].filter(
    ({ workload, peer }) =>
      (only.length === 0 || isNamed(workload, only)) &&
      !isNamed(workload, skip) &&
      (wanted.length === 0 || isNamed(peer, wanted)),
  );
}

function isNamed(name: string, parts: readonly string[]): boolean {
  return parts.some((part) => name.toLowerCase().includes(part.toLowerCase()));
}
