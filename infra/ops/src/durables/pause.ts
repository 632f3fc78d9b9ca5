import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { type Command, UsageError } from '../command.ts';
import { withOperator } from '../nats.ts';
import { json, parseOptions } from '../parse-options.ts';
import { findDurable } from './find-durable.ts';

const usage = 'pause <durable> --for <30m|2h|1d> [--json]';

/** Stops a durable's deliveries for a time. It ends by itself: nothing is stopped for ever by somebody who went home. */
export const pause: Command = {
  name: 'pause',
  usage: '<durable> --for <30m|2h|1d>',
  summary: 'deliver nothing to a durable for a time',
  async run(args, surroundings) {
    const { values, positionals } = parseOptions(args, { ...json, for: { type: 'string' } }, usage);
    const [durable, ...more] = positionals;
    if (durable === undefined || more.length > 0 || values.for === undefined)
      throw new UsageError(`npm run ops -- ${usage}`);
    const until = new Date(Date.now() + durationMs(values.for));
    return withManager(surroundings, async (manager) => {
      const { stream_name: stream } = await findDurable(manager, durable);
      const { pause_until: pausedUntil } = await manager.consumers.pause(stream, durable, until);
      surroundings.print(
        values.json
          ? JSON.stringify({ stream, durable, pausedUntil })
          : `${durable} gets nothing until ${pausedUntil}. What it has is not taken back.`,
      );
      return 0;
    });
  },
};

/** Lets it have its messages again, before its time. */
export const resume: Command = {
  name: 'resume',
  usage: '<durable>',
  summary: 'end a pause',
  async run(args, surroundings) {
    const { values, positionals } = parseOptions(args, json, 'resume <durable> [--json]');
    const [durable, ...more] = positionals;
    if (durable === undefined || more.length > 0) throw new UsageError('npm run ops -- resume <durable> [--json]');
    return withManager(surroundings, async (manager) => {
      const { stream_name: stream } = await findDurable(manager, durable);
      await manager.consumers.resume(stream, durable);
      surroundings.print(values.json ? JSON.stringify({ stream, durable }) : `${durable} gets its messages again.`);
      return 0;
    });
  },
};

async function withManager(
  surroundings: Parameters<typeof withOperator>[0],
  work: (manager: JetStreamManager) => Promise<number>,
): Promise<number> {
  return withOperator(surroundings, async (nc) => work(await jetstreamManager(nc, { timeout: 5_000 })));
}

function durationMs(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const ms = Number(amount) * ({ s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? 0);
  if (!(ms > 0)) throw new UsageError(`"${text}" is no time: 30m, 2h, 1d.`);
  return ms;
}
