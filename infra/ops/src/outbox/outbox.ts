import { type Command, type Surroundings, UsageError } from '../command.ts';
import { json, parseOptions } from '../parse-options.ts';
import type { Places } from '../places.ts';
import { table } from '../table.ts';
import { type OutboxFacts, readOutbox } from './read-outbox.ts';
import { release, releaseUsage } from './release.ts';

const usage = `outbox [--json], or ${releaseUsage}`;

/** What waits in the services' outboxes, and what a stream refused; which is released when its cause is mended. */
export const outbox: Command = {
  name: 'outbox',
  usage: '[--json] | release <event id …> | --all',
  summary: 'what waits to be published, and what a stream refused; publish that again',
  async run([action, ...rest], surroundings) {
    if (action === 'release') return release(rest, surroundings);
    return tellOutbox(action === undefined ? [] : [action, ...rest], surroundings);
  },
};

async function tellOutbox(args: readonly string[], { places, print }: Surroundings): Promise<number> {
  const { values, positionals } = parseOptions(args, json, usage);
  if (positionals.length > 0) throw new UsageError(`npm run ops -- ${usage}`);
  const outboxes = await readOutboxes(await places());
  if (values.json) print(JSON.stringify(outboxes, undefined, 2));
  else for (const line of tellOutboxes(outboxes)) print(line);
  return outboxes.every(({ facts }) => facts !== undefined && facts.parked === 0) ? 0 : 1;
}

export interface Outbox {
  readonly service: string;
  /** Undefined where the database can't be asked; then `unanswered` says why. */
  readonly facts?: OutboxFacts;
  readonly unanswered?: string;
}

export async function readOutboxes({ userDatabaseUrl, emailDatabaseUrl }: Places): Promise<Outbox[]> {
  return Promise.all([read('user', userDatabaseUrl), read('email', emailDatabaseUrl)]);
}

async function read(service: string, url: string | undefined): Promise<Outbox> {
  if (url === undefined) return { service, unanswered: 'where its database is, is not known' };
  try {
    return { service, facts: await readOutbox(url) };
  } catch (error) {
    return { service, unanswered: error instanceof Error ? error.message : String(error) };
  }
}

export function tellOutboxes(outboxes: readonly Outbox[]): string[] {
  const rows = outboxes.map(({ service, facts, unanswered = '' }) => {
    if (facts === undefined) return [service, '?', '?', '?', unanswered];
    const pending = Object.values(facts.pending).reduce((sum, count) => sum + count, 0);
    return [service, pending, Math.round(facts.oldestSeconds), facts.parked, ''];
  });
  const parked = outboxes.flatMap(({ facts }) => facts?.oldestParked ?? []);
  return [
    ...table(['outbox', 'pending', 'oldest (s)', 'parked', ''], rows),
    ...parked.map(({ eventId, type, subject, reason }) => `parked: ${eventId}  ${type}  ${subject}\n        ${reason}`),
  ];
}
