// Reads a live system without stopping it. What is read later may know more than what was read before, so the order matters: first
// the logs of events, then consumers, then streams, then the ledger, last the mailbox. Each step's claim ("published", "acknowledged",
// "sent") is then judged by evidence that is newer than the claim. The one claim that goes the other way, "every message was committed", gets
// a second look at the logs.
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { EventLog, Facts, MailLedger, ReceivedMail } from '../facts.ts';
import { readConsumers } from './read-consumers.ts';
import { readEventLog, readKnown } from './read-event-log.ts';
import { readLedger } from './read-ledger.ts';
import { readDeadLetters, readStream } from './read-streams.ts';

export interface AuditSources {
  /** NATS as an operator, who may read everything. */
  readonly natsOperatorUrl: string;
  readonly databaseUrls: { readonly user: string; readonly email: string };
  readonly streams: readonly string[];
  /** Consumers whose events owe mails. */
  readonly mailDurables: readonly { readonly stream: string; readonly durable: string }[];
  /** How long logs and ledger keep what is settled. */
  readonly retentionDays?: number;
  /** Aggregates whose messages were purged on purpose, by stream. */
  readonly erased?: Readonly<Record<string, ReadonlySet<string>>>;
  /** What the mail server took, read last. */
  readonly mailbox?: () => Promise<readonly ReceivedMail[]>;
}

export async function collectFacts(sources: AuditSources): Promise<Facts> {
  const { databaseUrls, streams: names, erased = {}, retentionDays = 7 } = sources;
  const logs: EventLog[] = [];
  for (const service of ['user', 'email'] as const)
    logs.push(await readEventLog({ service, databaseUrl: databaseUrls[service], retentionDays }));
  await using nats = await openOperator(sources.natsOperatorUrl);
  const manager = await jetstreamManager(nats.nc, { timeout: 10_000 });
  const consumers = await readConsumers(manager, sources.mailDurables);
  const streams = [];
  for (const name of names) {
    const contents = await readStream(manager, name);
    streams.push({ ...contents, ...(erased[name] && { erasedAggregates: erased[name] }) });
  }
  const deadLetters = await readDeadLetters(manager);
  const ledger: MailLedger = await readLedger(databaseUrls.email);
  const mailbox = await sources.mailbox?.();

  const known = new Set(logs.flatMap(({ events }) => events.map(({ id }) => id)));
  const seen = [
    ...streams.flatMap(({ messages }) => messages.map(({ eventId }) => eventId)),
    ...ledger.mails.map(({ eventId }) => eventId),
  ];
  const unknown = [...new Set(seen.filter((id) => !known.has(id)))];
  const secondLook = logs.map(async (log) => {
    const databaseUrl = log.service === 'user' ? databaseUrls.user : databaseUrls.email;
    return { ...log, committedLater: await readKnown(databaseUrl, unknown) };
  });
  return { logs: await Promise.all(secondLook), streams, consumers, deadLetters, ledger, ...(mailbox && { mailbox }) };
}

type Operator = AsyncDisposable & { readonly nc: Awaited<ReturnType<typeof connect>> };

async function openOperator(url: string): Promise<Operator> {
  const servers = url.split(',').map((one) => new URL(one));
  const [first] = servers;
  const nc = await connect({
    servers: servers.map(({ host }) => host),
    user: decodeURIComponent(first?.username ?? ''),
    pass: decodeURIComponent(first?.password ?? ''),
    name: 'audit',
    timeout: 5_000,
  });
  return { nc, [Symbol.asyncDispose]: async () => nc.close() };
}
