import type { Command } from '../command.ts';
import { withOperator } from '../nats.ts';
import { json, parseOptions } from '../parse-options.ts';
import { table } from '../table.ts';
import { type Lag, readLag } from './read-lag.ts';

/** How far every durable is: what waits, what is under way, whether somebody listens. */
export const lag: Command = {
  name: 'lag',
  usage: '[--json]',
  summary: 'how far each durable is behind',
  async run(args, surroundings) {
    const { values } = parseOptions(args, json, 'lag [--json]');
    const lags = await withOperator(surroundings, readLag);
    if (values.json) surroundings.print(JSON.stringify(lags, undefined, 2));
    else for (const line of lagTable(lags)) surroundings.print(line);
    return 0;
  },
};

export function lagTable(lags: readonly Lag[]): string[] {
  const rows = lags.map(({ durable, stream, waiting, underWay, redelivered, listeners, ...one }) => {
    const state =
      one.pausedUntil === undefined ? (listeners === 0 ? 'nobody listens' : '') : `paused until ${one.pausedUntil}`;
    return [durable, stream, waiting, underWay, redelivered, state];
  });
  return table(['durable', 'stream', 'waiting', 'under way', 'redelivered', ''], rows);
}
