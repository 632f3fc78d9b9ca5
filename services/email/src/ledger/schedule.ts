import { setTimeout as sleep } from 'node:timers/promises';
import { emailExpired, emailFailed } from '@postrider/contracts';
import { type Nats, retryMessage } from '@postrider/messaging';
import type { Logger } from 'pino';
import type { LedgerContext } from './ledger-context.ts';
import type { LedgerMail } from './ledger-mail.ts';
import { concludeMail } from './record-fate.ts';
import { claimDue, giveBack, markReleased, untilDueMs } from './schedule-queries.ts';

/**
 * The theory. A message that waits for minutes (a greylisting server, a slow domain) would take a place among the consumer's
 * unacknowledged ones, and some thousands of them would keep all new mail out. So the ledger keeps the wait: the row says when the
 * next attempt is due and where the event stands in its stream, and the message is acknowledged.
 *
 * When it is due, the schedule publishes that very message again, for its durable alone, and it comes like any other: through the
 * same subscription, with its lane, its pauses, its settlement and its dead letters. The schedule itself sends no mail.
 *
 * What a mail is made of is never copied into the database: what is sealed stays sealed, in the stream, which forgets a challenge when it
 * ends and a person when they are erased. A mail whose event is gone is ended here, and said so.
 *
 * Two replicas: rows are claimed for a minute, `for update skip locked`. A replica that dies in between, or a message that is released
 * twice, costs nothing: the message id is the attempt's, and the ledger lets one delivery send. A message that the stream
 * lost after it was released is released again after a quarter of an hour.
 *
 * While a lane takes nothing in (the mail server is away, the consumer is gone) nothing is released to it.
 *
 * One statement says for all lanes when the next mail is due, and the schedule sleeps until then, for `everyMs` at most: that is less than
 * the shortest wait that is left to it, so a mail scheduled meanwhile, by whichever replica, is seen in time.
 */
export interface Schedule extends AsyncDisposable {
  /** Releases what is due now; says how many mails it looked at. Rejects when the database or NATS does. */
  runOnce(): Promise<number>;
}

/** A durable, and what its mails are sent with. */
export interface ScheduledLane {
  readonly durable: string;
  readonly ledger: LedgerContext;
  /** Whether its subscription takes messages in. */
  isOpen(): boolean;
}

export interface ScheduleOptions {
  readonly nats: Nats;
  readonly lanes: readonly ScheduledLane[];
  /** How long to sleep at most. */
  readonly everyMs: number;
  readonly log: Logger;
}

const batch = 100;

/** Starts looking for what is due; returns at once. Disposing it lets a release under way end. */
export function startSchedule(options: ScheduleOptions): Schedule {
  const stopping = new AbortController();
  const running = repeat(options, stopping.signal);
  return {
    runOnce: async () => (await releaseDue(options)).count,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

async function repeat(options: ScheduleOptions, signal: AbortSignal): Promise<void> {
  const { everyMs, log } = options;
  let isFailing = false;
  while (!signal.aborted) {
    const waitMs = await releaseDue(options).then(
      ({ nextMs }) => {
        isFailing = false;
        return Math.min(nextMs, everyMs);
      },
      (error: unknown) => {
        if (!isFailing) log.warn({ err: error }, 'scheduled mails not released: trying again');
        isFailing = true;
        return everyMs;
      },
    );
    if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => undefined); // Rejects only when stopped.
  }
}

interface Released {
  /** Mails looked at. */
  readonly count: number;
  /** Until there may be more. */
  readonly nextMs: number;
}

async function releaseDue(options: ScheduleOptions): Promise<Released> {
  const { nats, lanes } = options;
  const open = lanes.filter(({ ledger, isOpen }) => ledger.isMigrated() && isOpen());
  const [first] = open;
  if (first === undefined || nats.current() === undefined) return { count: 0, nextMs: Infinity };
  const waits = await untilDueMs(
    first.ledger,
    open.map(({ durable }) => durable),
  ); // They share a database.
  const due = open.filter(({ durable }) => (waits.get(durable) ?? Infinity) <= 0);
  const counts = await Promise.all(due.map(async (lane) => releaseOf(options, lane)));
  const count = Math.max(0, ...counts);
  return { count, nextMs: nextLookMs([...waits.values()], count) };
}

/** Until the next look is due, by what each lane's first mail waits for: at once after a release, since who was due hid who is next. */
export function nextLookMs(waits: readonly number[], released: number): number {
  return released > 0 ? 0 : Math.min(Infinity, ...waits.filter((ms) => ms > 0));
}

async function releaseOf({ nats, log }: ScheduleOptions, lane: ScheduledLane): Promise<number> {
  const due = await claimDue(lane.ledger, lane.durable, batch);
  const results = await Promise.allSettled(due.map(async (mail) => release({ nats, log, lane, mail })));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return due.length;
}

interface Release {
  readonly nats: Nats;
  readonly log: Logger;
  readonly lane: ScheduledLane;
  readonly mail: LedgerMail;
}

async function release({ nats, log, lane: { ledger, durable }, mail }: Release): Promise<void> {
  const { eventId, tries } = mail;
  try {
    const nc = nats.current();
    if (nc === undefined) throw new Error('NATS is not connected.');
    const source = { durable, stream: mail.sourceStream ?? '', sequence: mail.sourceSequence ?? 0 };
    const isPublished =
      !mail.isExpired(ledger.now()) &&
      (await retryMessage(nc, { ...source, eventId, messageId: `${eventId}.a${tries}` }));
    if (isPublished) return await markReleased(ledger, mail);
  } catch (error) {
    await giveBack(ledger, mail).catch(() => undefined); // Its claim ends by itself.
    throw error;
  }
  const conclusion = mail.isExpired(ledger.now()) ? expired : gone;
  if (await concludeMail(ledger, { mail, event: { id: eventId } }, conclusion))
    log.warn({ mailId: mail.id, mail: mail.mail, eventId, state: conclusion.state }, 'scheduled mail ended: not sent');
}

const expired = { state: 'expired', reason: 'its time was over', fact: emailExpired } as const;
/** Erased with its person, or older than the stream remembers. Should its event come again, the mail is opened again. */
const gone = { state: 'failed', reason: 'its event is no longer in the stream', fact: emailFailed } as const;
