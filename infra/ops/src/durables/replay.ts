import { jetstream, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Command, UsageError } from '../command.ts';
import { withOperator } from '../nats.ts';
import { json, parseOptions } from '../parse-options.ts';
import { findDurable } from './find-durable.ts';

const usage = 'replay <durable> --from <time> [--dry-run] [--json]';

/**
 * Sets a durable back to a time: it gets everything from then on once more, and nobody else does. Its handlers have to absorb what
 * they did already, by a ledger or a table of handled events, as ours do.
 */
export const replay: Command = {
  name: 'replay',
  usage: '<durable> --from <time> [--dry-run]',
  summary: 'give one durable everything from a time on once more',
  async run(args, surroundings) {
    const options = { ...json, from: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } } as const;
    const { values, positionals } = parseOptions(args, options, usage);
    const [durable, ...more] = positionals;
    if (durable === undefined || more.length > 0 || values.from === undefined)
      throw new UsageError(`npm run ops -- ${usage}`);
    const from = momentOf(values.from);
    return withOperator(surroundings, async (nc) => {
      const manager = await jetstreamManager(nc, { timeout: 5_000 });
      const { stream_name: stream, config } = await findDurable(manager, durable);
      const filters = config.filter_subjects ?? (config.filter_subject === undefined ? [] : [config.filter_subject]);
      const { sequence, messages } = await look(nc, manager, { stream, filters, from });
      const isDone = !values['dry-run'] && sequence !== undefined;
      if (isDone) await manager.consumers.reset(stream, durable, sequence);
      const told = `${messages} messages of ${stream} from ${from.toISOString()} on`;
      surroundings.print(
        values.json
          ? JSON.stringify({ stream, durable, sequence, messages, isDone })
          : `${durable} ${isDone ? 'gets' : 'would get'} ${told} once more.`,
      );
      return sequence === undefined ? 1 : 0;
    });
  },
};

interface Look {
  readonly stream: string;
  readonly filters: string[];
  readonly from: Date;
}

/** The first message of that time, and how many there are for this durable from there on. Nothing stays behind on the server. */
async function look(
  nc: NatsConnection,
  manager: JetStreamManager,
  { stream, filters, from }: Look,
): Promise<{ sequence: number | undefined; messages: number }> {
  const first = await manager.direct.getMessage(stream, { start_time: from });
  if (first === null) return { sequence: undefined, messages: 0 };
  const ordered = await jetstream(nc, { timeout: 5_000 }).consumers.get(stream, {
    opt_start_seq: first.seq,
    ...(filters.length > 0 && { filter_subjects: filters }),
  });
  const { num_pending: messages } = await ordered.info();
  await ordered.delete();
  return { sequence: first.seq, messages };
}

function momentOf(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new UsageError(`"${text}" is no moment: 2026-11-24T09:00:00Z.`);
  return date;
}
