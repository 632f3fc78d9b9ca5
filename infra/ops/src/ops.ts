// `npm run ops -- <command> …`: what operators ask and do. On the stack that `npm start` runs in this data dir, or on parts that
// variables name. Ends with 0 when it is done or found, with 1 when it is not, with 2 when it was asked for something it does not know.
import { join } from 'node:path';
import { audit } from './audit/audit.ts';
import { type Command, UsageError } from './command.ts';
import { deadLetters } from './dead-letters/dead-letters.ts';
import { pause, resume } from './durables/pause.ts';
import { replay } from './durables/replay.ts';
import { lag } from './lag/lag.ts';
import { outbox } from './outbox/outbox.ts';
import { findPlaces, placeVariables } from './places.ts';
import { snapshot } from './snapshot/snapshot.ts';
import { status } from './status/status.ts';
import { subscriber } from './subscriber/subscriber.ts';
import { topology } from './topology/topology.ts';
import { trace } from './trace/trace.ts';
import { signingKeys } from './signing-keys/signing-keys.ts';
import { why } from './why/why.ts';

/** A new command is an entry here and a folder beside `why`. */
const commands: readonly Command[] = [
  status,
  why,
  trace,
  lag,
  outbox,
  deadLetters,
  audit,
  pause,
  resume,
  replay,
  topology,
  subscriber,
  snapshot,
  signingKeys,
];

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);
// The terminal may be gone before we are.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  process.exitCode = await dispatch(process.argv.slice(2));
} catch (error) {
  complain(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
// A part that hangs must not hang us: its connection is left to end with the process.
process.exit();

async function dispatch([name, ...args]: string[]): Promise<number> {
  const command = commands.find((one) => one.name === name);
  if (command === undefined && name !== undefined && ['help', '--help', '-h'].includes(name)) {
    print(usage());
    return 0;
  }
  if (command === undefined) {
    complain(name === undefined ? usage() : `There is no command "${name}".\n\n${usage()}`);
    return 2;
  }
  // This file is the commands' edge, as main.ts is a service's.
  const { env } = process; // oxlint-disable-line node/no-process-env
  const root = join(import.meta.dirname, '../../..');
  return command.run(args, { places: () => findPlaces(env, root), print });
}

function usage(): string {
  const lines = commands.map(({ name, usage: parameters, summary }) => [`${name} ${parameters}`, summary] as const);
  const width = Math.max(...lines.map(([line]) => line.length));
  return [
    'npm run ops -- <command>',
    '',
    ...lines.map(([line, summary]) => `  ${line.padEnd(width)}   ${summary}`),
    '',
    'They look at the stack of POSTRIDER_DATA_DIR (.data), and where these say otherwise, elsewhere:',
    `  ${placeVariables.join(' ')}`,
  ].join('\n');
}
