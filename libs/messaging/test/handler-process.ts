import { pino } from 'pino';
import { type ConsumerDeclaration, connectNats, on, startSubscription } from '../src/index.ts';
import { thingDone } from './thing-done.ts';

/** What a test tells the process in its one argument. */
export interface ProcessArgument {
  readonly url: string;
  readonly declaration: ConsumerDeclaration;
  /** The thing whose handler kills its process. */
  readonly killer: number;
  /** Where in its life it does. */
  readonly when: 'before' | 'after';
}

/** A subscription as a process of its own, with a handler that kills it. What was handled is told on stdout, a line each. */
const [, , argument = '{}'] = process.argv;
const { url, declaration, killer, when } = JSON.parse(argument) as ProcessArgument; // Written by the test that started us.
const log = pino({ level: 'silent' });
const nats = connectNats({ url, name: 'handler', inboxPrefix: '_INBOX_email', log });
const handle = async (n: number): Promise<void> => {
  if (n === killer && when === 'before') process.kill(process.pid, 'SIGKILL');
  // The pipe has it before we go on, so a kill takes nothing back.
  await new Promise((resolve) => process.stdout.write(`${n}\n`, resolve));
  if (n === killer && when === 'after') process.kill(process.pid, 'SIGKILL');
};
startSubscription({
  nats,
  declaration,
  handlers: [on(thingDone, async ({ data }) => handle(data.n))],
  log,
});
