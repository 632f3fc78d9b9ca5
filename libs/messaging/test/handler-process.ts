import { pino } from 'pino';
import { type ConsumerDeclaration, connectNats, type NatsAccess, on, startSubscription } from '../src/index.ts';
import { thingDone } from './thing-done.ts';

/** What a test tells the process in its one argument. */
export interface ProcessArgument {
  readonly access: NatsAccess;
  readonly declaration: ConsumerDeclaration;
  /** The thing that kills the process. */
  readonly killer: number;
  /** Where in its life: while it is parsed, in its handler, or between its effect and the acknowledgement. */
  readonly when: 'before' | 'in' | 'after';
  /** Instead of killing: for so long nothing else runs in the process. */
  readonly blocksMs?: number;
  /** At how many of its deliveries, from the first; at every one otherwise. */
  readonly times?: number;
}

/** A subscription as a process of its own, with a message that kills it. What was handled is told on stdout, a line each. */
const [, , argument = '{}'] = process.argv;
const { access, declaration, killer, when, times, blocksMs } = JSON.parse(argument) as ProcessArgument; // Written by the test that started us.
const log = pino({ level: 'silent' });
const nats = connectNats({ ...access, name: 'handler', inboxPrefix: '_INBOX_email', log });

const die = (n: number, attempt: number): void => {
  if (n !== killer || attempt > (times ?? attempt)) return;
  if (blocksMs === undefined) process.kill(process.pid, 'SIGKILL');
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blocksMs);
};
const handle = async (n: number, attempt: number): Promise<void> => {
  if (when === 'in') die(n, attempt);
  // The pipe has it before we go on, so a kill takes nothing back.
  await new Promise((resolve) => process.stdout.write(`${n}\n`, resolve));
  if (when === 'after') die(n, attempt);
};

// A parser has no idea of deliveries, so it kills each time.
const killing = thingDone.schema.refine(({ n }) => {
  if (when === 'before') die(n, 0);
  return true;
});
const contract = { ...thingDone, schema: killing };
startSubscription({
  nats,
  declaration,
  handlers: [on(contract, async ({ data }, { attempt }) => handle(data.n, attempt))],
  log,
});
