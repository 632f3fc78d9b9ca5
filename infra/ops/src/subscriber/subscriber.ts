import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { challengeEvents, type EventContract, userEvents } from '@postrider/contracts';
import { nkeyVariable } from '@postrider/topology';
import { type Command, UsageError } from '../command.ts';
import { addSubscriber } from './add-subscriber.ts';

/** A new subscriber, as a change of files that somebody reviews and a deployment applies. */
export const subscriber: Command = {
  name: 'subscriber',
  usage: 'add <name> --events <type>[,<type>…]|all …',
  summary: 'a durable and a user for a service that subscribes, as a change of files',
  async run(args, { print }) {
    const { name, description, filters, natsDir } = parse(args);
    const written = await addSubscriber(natsDir, { name, description, filters });
    for (const path of written) print(`${path} is written.`);
    print('');
    print(`Then: npm run ops -- topology render && npm run check, review, commit.`);
    print(`On npm start: start it again, and sign in with .data/nkeys/${name}.nk.`);
    print(
      `In production: make a key (nats auth nkey gen user), give its public half (nats auth nkey show <file>) to the servers as`,
    );
    print(`${nkeyVariable(name)}, and start them one after the other; then npm run ops -- topology apply.`);
    return 0;
  },
};

interface Asked {
  readonly name: string;
  readonly description: string;
  readonly filters: readonly string[];
  readonly natsDir: string;
}

const usage =
  'npm run ops -- subscriber add <name> --events <type>[,<type>…]|all [--description <text>] [--dir <folder of infra/nats>]';

function parse(args: readonly string[]): Asked {
  const { values, positionals } = parseOrRefuse(args);
  const [action, name, ...more] = positionals;
  if (action !== 'add' || name === undefined || values.events === undefined || more.length > 0)
    throw new UsageError(usage);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
    throw new UsageError(`"${name}" is no name of a subscriber: lower-case letters, digits and single dashes.`);
  return {
    name,
    description: values.description ?? `${name}: subscriber to user events`,
    filters: filtersOf(values.events),
    natsDir: values.dir,
  };
}

/** The subjects of public events: what else there is, is nobody's to subscribe to. */
function filtersOf(types: string): string[] {
  if (types === 'all') return ['user.v1.>'];
  return types.split(',').map((type) => {
    const contract = publicEvents.find((one) => one.type === type.trim());
    if (contract !== undefined) return contract.filter;
    const isPrivate = challengeEvents.some((one: EventContract) => one.type === type.trim());
    const known = publicEvents.map((one) => one.type).join(', ');
    throw new UsageError(
      isPrivate
        ? `${type} holds one-time secrets, for the email service alone.`
        : `There is no event "${type}". There are: ${known}; or all of them, with --events all.`,
    );
  });
}

const publicEvents: readonly EventContract[] = userEvents;

function parseOrRefuse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const dir = { ...text, default: join(import.meta.dirname, '../../../nats') };
  try {
    return parseArgs({ args: [...args], options: { events: text, description: text, dir }, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}
