import { jetstreamManager } from '@nats-io/jetstream';
import type { Command, Surroundings } from '../command.ts';
import { lagTable } from '../lag/lag.ts';
import { type Lag, readLag } from '../lag/read-lag.ts';
import { withOperator } from '../nats.ts';
import { type Outbox, readOutboxes, tellOutboxes } from '../outbox/outbox.ts';
import { json, parseOptions } from '../parse-options.ts';
import type { Places } from '../places.ts';
import { table } from '../table.ts';
import type { ServiceHealth } from '../why/facts.ts';
import { askHealth } from '../why/health.ts';

/** All of it on one page. A part that is down costs its own lines and nothing else. */
export const status: Command = {
  name: 'status',
  usage: '[--json]',
  summary: 'services, streams, durables, outboxes and dead letters on one page',
  async run(args, surroundings) {
    const { values } = parseOptions(args, json, 'status [--json]');
    const places = await surroundings.places();
    const [services, nats, outboxes] = await Promise.all([
      askServices(places),
      askNats(surroundings),
      readOutboxes(places),
    ]);
    const page = { services, nats, outboxes };
    if (values.json) surroundings.print(JSON.stringify(page, undefined, 2));
    else for (const line of tell(page)) surroundings.print(line);
    return isWell(page) ? 0 : 1;
  },
};

interface StreamFacts {
  readonly stream: string;
  readonly messages: number;
  readonly bytes: number;
  readonly maxBytes: number;
  /** Full or nearly so, and what is full refuses new messages instead of dropping old ones. */
  readonly isFilling: boolean;
  readonly replicas: number;
  readonly replicasAway: number;
}

interface NatsFacts {
  readonly streams: readonly StreamFacts[];
  readonly lags: readonly Lag[];
  readonly deadLetters: number;
  readonly unanswered?: string;
}

interface Page {
  readonly services: readonly ServiceHealth[];
  readonly nats: NatsFacts;
  readonly outboxes: readonly Outbox[];
}

async function askServices({ userUrl, emailUrl }: Places): Promise<ServiceHealth[]> {
  const known = [userUrl && askHealth('user', userUrl), emailUrl && askHealth('email', emailUrl)];
  const answers = await Promise.all(known.filter((one) => typeof one === 'object'));
  return answers.map(({ health }) => health);
}

async function askNats(surroundings: Surroundings): Promise<NatsFacts> {
  try {
    return await withOperator(surroundings, async (nc) => {
      const manager = await jetstreamManager(nc, { timeout: 5_000 });
      const streams: StreamFacts[] = [];
      for await (const { config, state, cluster } of manager.streams.list())
        streams.push({
          stream: config.name,
          messages: state.messages,
          bytes: state.bytes,
          maxBytes: config.max_bytes,
          isFilling: config.discard === 'new' && config.max_bytes > 0 && state.bytes > 0.9 * config.max_bytes,
          replicas: config.num_replicas,
          replicasAway: cluster?.replicas?.filter(({ current, offline }) => offline || !current).length ?? 0,
        });
      const deadLetters = streams.find(({ stream }) => stream === 'DEAD_LETTERS')?.messages ?? 0;
      return { streams, lags: await readLag(nc), deadLetters };
    });
  } catch (error) {
    const unanswered = error instanceof Error ? error.message : String(error);
    return { streams: [], lags: [], deadLetters: 0, unanswered };
  }
}

function isWell({ services, nats, outboxes }: Page): boolean {
  return (
    services.every((one) => one.status === 'ready') &&
    nats.unanswered === undefined &&
    nats.deadLetters === 0 &&
    nats.streams.every(({ replicasAway, isFilling }) => replicasAway === 0 && !isFilling) &&
    nats.lags.every(({ pausedUntil }) => pausedUntil === undefined) &&
    outboxes.every(({ facts }) => facts?.parked === 0)
  );
}

function tell({ services, nats, outboxes }: Page): string[] {
  const health = services.map(({ service, status: how, parts }) => {
    const failing = Object.entries(parts).filter(([, part]) => part.status !== 'up');
    return [service, how, failing.map(([name, { detail = '' }]) => `${name}: ${detail}`).join('; ')];
  });
  const streams = nats.streams.map(({ stream, messages, bytes, maxBytes, replicas, replicasAway }) => [
    stream,
    messages,
    bytes,
    maxBytes > 0 ? `${Math.round((bytes / maxBytes) * 100)} %` : '',
    replicas,
    replicasAway > 0 ? `${replicasAway} away or behind` : '',
  ]);
  const ofNats =
    nats.unanswered === undefined
      ? [
          ...table(['stream', 'messages', 'bytes', 'full', 'replicas', ''], streams),
          '',
          ...lagTable(nats.lags),
          '',
          `${nats.deadLetters} dead letters.`,
        ]
      : [`NATS can't be asked: ${nats.unanswered}`];
  return [...table(['service', 'is', ''], health), '', ...ofNats, '', ...tellOutboxes(outboxes)];
}
