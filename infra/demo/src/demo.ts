// `npm run demo`: two accounts on their way through the whole system, told as a timeline. On the stack that `npm start` runs in this
// data dir, or on one of its own, which is stopped and removed afterwards. Ends with 0 when every step happened, with 1 when one did
// not, with 2 when it was asked for something it does not know.
import { randomBytes } from 'node:crypto';
import { join, relative } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { travelByCode } from './by-code.ts';
import { travelByLink } from './by-link.ts';
import type { Journey } from './journey.ts';
import { type OpenedStack, openStack } from './open-stack.ts';
import { StepFailure } from './step-failure.ts';
import type { Person } from './steps.ts';
import { openStreamReader } from './stream-reader.ts';
import { createTimeline } from './timeline.ts';

const usage = 'npm run demo [-- --patience <seconds>]   how long a step may take before it counts as failed (20)';
const root = join(import.meta.dirname, '../../..');
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const stop = new AbortController();
// The terminal may be gone before we are.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(new Error(signal)));

try {
  const args = process.argv.slice(2);
  if (['--help', '-h'].some((asked) => args.includes(asked))) print(usage);
  else await play(patienceOf(args));
} catch (error) {
  // A step that failed is told already.
  if (!(error instanceof StepFailure))
    print(`\n${styleText('red', error instanceof Error ? error.message : String(error))}`);
  process.exitCode ||= stop.signal.aborted ? 130 : 1;
}
process.exit();

async function play(patienceMs: number): Promise<void> {
  print(`\n  ${styleText('bold', 'Postrider')}: one account’s way, from the request to the mail`);
  // This file is the demo's edge, as main.ts is a service's.
  const { env } = process; // oxlint-disable-line node/no-process-env
  await using stack = await openStack({ env, root, signal: stop.signal, print });
  const { info, dataDir } = stack;
  if (info.mailboxUrl === undefined)
    throw new Error(
      `This stack sends its mail to ${new URL(info.smtpUrl).host}, where the demo can't read it. Start it without SMTP_URL.`,
    );
  print(
    `  ${styleText('dim', stack.isOwn ? 'on a stack of its own, stopped at the end' : `on the stack of ${dataDir}`)}`,
  );
  const logs = shortPath(join(dataDir, 'logs'));
  const timeline = createTimeline(print, () => performance.now());
  const streamNames = ['USER_EVENTS', 'USER_CHALLENGES', 'EMAIL_EVENTS'];
  await using streams = await openStreamReader(info.natsOperatorUrl, streamNames);
  const { mailboxUrl } = info;
  const journey: Journey = { info, mailboxUrl, logs, streams, timeline, patienceMs, signal: stop.signal };

  const people = [person('ada'), person('eve')] as const;
  try {
    await chapter(journey, 'Ada presses the button of her mail', people[0], travelByLink);
    await chapter(journey, 'Eve types the code of hers', people[1], travelByCode);
  } catch (error) {
    stack.keepData();
    throw error;
  }
  summary(journey, stack, people[0]);
}

async function chapter(
  journey: Journey,
  title: string,
  traveller: Person,
  travel: (journey: Journey, person: Person) => Promise<void>,
): Promise<void> {
  journey.timeline.chapter(title, [
    ['address', traveller.email],
    ['trace', `${traveller.traceId}, chosen here and sent along`],
  ]);
  await travel(journey, traveller);
}

function summary({ timeline, info }: Journey, { isOwn }: OpenedStack, { traceId }: Person): void {
  const { steps, elapsedMs } = timeline.total();
  print('');
  print(
    `  ${styleText(['bold', 'green'], `${steps} steps in ${Math.round(elapsedMs)} ms.`)} Every event carried the trace that was sent.`,
  );
  print('');
  if (isOwn) {
    print('  To look at it yourself: npm start, and npm run demo beside it.');
  } else {
    print(`  The mails        ${info.mailboxUrl}`);
    print(`  The trace        npm run ops -- trace ${traceId}`);
  }
  print('');
}

/** Somebody new each time, with a trace of their own (W3C trace context). */
function person(name: string): Person {
  const traceId = randomBytes(16).toString('hex');
  return {
    email: `${name}.${randomBytes(4).toString('hex')}@example.com`,
    traceId,
    traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
  };
}

/** As somebody in this folder would type it. */
function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

function patienceOf(args: string[]): number {
  try {
    const { values } = parseArgs({ args, options: { patience: { type: 'string', default: '20' } } });
    const seconds = Number(values.patience);
    if (!(seconds > 0 && seconds <= 3_600)) throw new Error(`--patience "${values.patience}" is no number of seconds.`);
    return seconds * 1_000;
  } catch (cause) {
    process.exitCode = 2;
    throw new Error(`${cause instanceof Error ? cause.message : String(cause)}\n${usage}`, { cause });
  }
}
