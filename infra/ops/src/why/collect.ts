import { maskAddress } from '@postrider/contracts';
import { openStreams, type StoredMessage } from '../nats.ts';
import type { Places } from '../places.ts';
import { type Answer, ask } from './ask.ts';
import { askEmailDatabase, type MailRow } from './email-database.ts';
import type { Account, Asked, Facts, Unanswered } from './facts.ts';
import { askHealth } from './health.ts';
import { joinEvents, type Records } from './join-events.ts';
import { readDeliveryFacts, readStreams, type StreamRecords } from './stream-records.ts';
import { askUserDatabase, type AccountRow } from './user-database.ts';

/**
 * Asks every part what it knows. They are asked along the way of a mail, each by what the part before it told: the user database names the
 * person's id, the streams their events, the ledger the mails of these, and EMAIL_EVENTS what was said about those mails. Whoever is down is
 * skipped, and the next part is asked by what is known without it.
 */
export async function collect(places: Places, asked: Asked): Promise<Facts> {
  const healthAsked = Promise.all([healthOf('user', places.userUrl), healthOf('email', places.emailUrl)]);
  const user = await ask('user database', places.userDatabaseUrl, (url) => askUserDatabase(url, asked));
  const { streams, ledger, deliveryFacts } = await askTheWay(places, asked, user.value);
  const health = await healthAsked;
  const records: Records = {
    outbox: user.value?.events ?? [],
    streams: streams.value,
    mails: ledger.value,
    deliveryFacts: deliveryFacts.value ?? new Map(),
  };
  return {
    asked,
    now: new Date(),
    account: user.value?.account && accountOf(user.value.account, asked),
    events: joinEvents(records, asked),
    health: health.flatMap(({ health: one }) => one ?? []),
    unanswered: unansweredOf([user, streams, ledger, deliveryFacts, ...health]),
    mailServer: places.smtpUrl === undefined ? undefined : new URL(places.smtpUrl).host,
  };
}

interface TheWay {
  readonly streams: Answer<StreamRecords>;
  readonly ledger: Answer<readonly MailRow[]>;
  readonly deliveryFacts: Answer<ReadonlyMap<string, readonly StoredMessage[]>>;
}

/** One connection to NATS for both looks at it. */
async function askTheWay(places: Places, asked: Asked, user: UserAnswer): Promise<TheWay> {
  const userId = user?.account?.userId ?? user?.events[0]?.userId;
  const opened = await ask('NATS', places.natsUrl, openStreams);
  const connection = opened.value;
  try {
    const natsUrl = places.natsUrl;
    const streams =
      connection === undefined ? opened : await ask('NATS', natsUrl, () => readStreams(connection, asked, userId));
    const eventIds = eventIdsOf(asked, user, streams.value);
    const ledger = await ask('email database', places.emailDatabaseUrl, (url) => askEmailDatabase(url, eventIds));
    const mailIds = (ledger.value ?? []).map(({ id }) => id);
    const deliveryFacts =
      connection === undefined ? opened : await ask('NATS', natsUrl, () => readDeliveryFacts(connection, mailIds));
    return { streams, ledger, deliveryFacts };
  } finally {
    await connection?.[Symbol.asyncDispose]();
  }
}

type UserAnswer = Awaited<ReturnType<typeof askUserDatabase>> | undefined;

function eventIdsOf(asked: Asked, user: UserAnswer, streams: StreamRecords | undefined): string[] {
  const inOutbox = (user?.events ?? []).map(({ eventId }) => eventId);
  const inStreams = (streams?.messages ?? []).flatMap((message) => message.header('ce-id') ?? []);
  return [...new Set([...inOutbox, ...inStreams, ...(asked.kind === 'event' ? [asked.eventId] : [])])];
}

/** Who asked by address knows it; who asked by an event sees whose it may be, and no more. */
function accountOf({ userId, email, registeredAt, isVerified, verifiedAt }: AccountRow, asked: Asked): Account {
  const address = asked.kind === 'address' && asked.address === email ? email : maskAddress(email);
  return { userId, address, registeredAt, isVerified, verifiedAt: verifiedAt ?? undefined };
}

type HealthAnswer = Partial<Awaited<ReturnType<typeof askHealth>>>;

async function healthOf(service: 'user' | 'email', url: string | undefined): Promise<HealthAnswer> {
  if (url !== undefined) return askHealth(service, url);
  return { unanswered: { part: `${service} service`, reason: 'nobody said where it is' } };
}

function unansweredOf(answers: readonly (Answer<unknown> | HealthAnswer)[]): Unanswered[] {
  const all = answers.flatMap((answer) => ('unanswered' in answer && answer.unanswered) || []);
  return [...new Map(all.map((one) => [one.part, one])).values()];
}
