import {
  announceService,
  type ConsumerDeclaration,
  connectNats,
  createPublisher,
  type Doorbell,
  type Handler,
  type Nats,
  type Probe,
  startDoorbell,
  startSubscription,
  startSweeper,
  watchStreams,
} from '@postrider/messaging';
import { createBell, startRelay } from '@postrider/outbox';
import { createLogger, type HealthPart, type Logger, readiness, startHttpServer } from '@postrider/runtime';
import type { Database } from '@postrider/runtime/database';
import { startHousekeeping } from '@postrider/runtime/housekeeping';
import { startTelemetry } from '@postrider/runtime/telemetry';
import { consumerDeclaration, streamDeclaration } from '@postrider/topology';
import manifest from '../package.json' with { type: 'json' };
import type { Config } from './config.ts';
import { openEmailDatabase } from './database.ts';
import { challengeHandlers, contactHandlers, signInHandlers, userEventHandlers } from './handlers.ts';
import { removals } from './housekeeping.ts';
import {
  createLedgerGroups,
  defaultLedgerPolicy,
  type LedgerContext,
  type LedgerPolicy,
} from './ledger/ledger-context.ts';
import { observeMails } from './ledger/observe-mails.ts';
import { startSchedule } from './ledger/schedule.ts';
import { createSmtpTransport } from './mail/smtp.ts';
import { watchSmtp } from './mail/watch-smtp.ts';
import type { MailDeps } from './mail-deps.ts';
import { importSealingKeys } from './sealing/open-sealed.ts';

/** A running email service. */
export interface EmailService extends AsyncDisposable {
  readonly url: string;
}

/** What a test shortens; production has none of it. */
export interface Overrides {
  readonly policy?: Partial<LedgerPolicy>;
  /** Another declaration than infra's, as the test's server has it. */
  readonly declaration?: (durable: string) => ConsumerDeclaration;
}

/**
 * Starts the email service: reads top to bottom, stops bottom to top, so that on the way down nothing new comes in, mails under way end
 * and are recorded, and the links they need are closed last. It starts without NATS, SMTP or PostgreSQL, and works once
 * they are there.
 */
export async function start(config: Config, overrides: Overrides = {}): Promise<EmailService> {
  await using stack = new AsyncDisposableStack();
  const log = createLogger({ name: 'email', level: config.logLevel });
  const health: HealthPart[] = [];
  const telemetry = stack.use(
    await startTelemetry({ name: 'email', ...config.telemetry, health, log: log.child({ part: 'telemetry' }) }),
  );

  const database = stack.use(await openEmailDatabase(config.databaseUrl, log.child({ part: 'database' })));
  health.push({ name: 'database', required: true, check: database.health });
  const keepingLog = log.child({ part: 'housekeeping' });
  const { databaseUrl } = config;
  const ready = database.untilMigrated;
  stack.use(startHousekeeping({ databaseUrl, removals: removals(config), log: keepingLog, ready }));
  if (config.eventsEnabled) health.push(...(await startEvents({ stack, config, overrides, database, health, log })));
  else log.warn('events are disabled: no mail is sent until EVENTS_ENABLED is true');

  const { host, port } = config;
  const http = stack.use(await startHttpServer({ name: 'http', host, port, log, health, metrics: telemetry.metrics }));
  log.info({ url: http.url, eventsEnabled: config.eventsEnabled }, 'email service started');
  const running = stack.move();
  return { url: http.url, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Handlers at once; where they send mails, connections to the mail server as well. */
const lanes = { challenges: 8, userEvents: 4, signIns: 2, contacts: 4 };

interface Parts {
  readonly stack: AsyncDisposableStack;
  readonly config: Config;
  readonly overrides: Overrides;
  readonly database: Database;
  /** Of the whole service, also what comes later. */
  readonly health: readonly HealthPart[];
  readonly log: Logger;
}

/** The way from the streams to the mail server, and back with what became of each mail. */
async function startEvents({ stack, config, overrides, database, health: all, log }: Parts): Promise<HealthPart[]> {
  const { smtpUrl } = config;
  const { nats, bell, health } = startPublishing({ stack, config, database, health: all, log });

  const { isMigrated, em } = database;
  // A send under way may use most of the time that stopping has; the rest is for writing down what became of it.
  const graceMs = config.shutdownGraceSeconds * 600;
  const policy = { ...defaultLedgerPolicy, graceMs, ...overrides.policy };
  const { recipientKey } = config;
  const groups = createLedgerGroups({ em, bell }, policy);
  const observer = observeMails();
  const ledger = { em, isMigrated, bell, groups, recipientKey, policy, observer, now: () => new Date() };
  const sealingKeys = await importSealingKeys(config.sealingPrivateKeys);
  // Lanes of their own, so that no flood of welcomes or sign-ins keeps somebody waiting for a code. A handler for each lane and no
  // more: an attempt that is written down ahead should begin at once, or a crash makes it look like one that did.
  const depsWith = (lanesOfMails: number): MailDeps => {
    const transport = stack.use(createSmtpTransport({ url: smtpUrl, lanes: lanesOfMails }));
    return { sealingKeys, from: config.mailFrom, publicUrl: config.publicUrl, ledger: { ...ledger, transport } };
  };
  const forChallenges = depsWith(lanes.challenges);
  const forUserEvents = depsWith(lanes.userEvents);
  const forSignIns = depsWith(lanes.signIns);
  const smtp = stack.use(watchSmtp(forChallenges.ledger.transport, log.child({ part: 'smtp' })));
  const probes = { database: probeDatabase(database), smtp: forChallenges.ledger.transport.probe };
  const subscriptions = startSubscriptions({ stack, nats, overrides, probes, log }, [
    mailLane('email-challenges', lanes.challenges, forChallenges, challengeHandlers),
    mailLane('email-user-events', lanes.userEvents, forUserEvents, userEventHandlers),
    mailLane('email-sign-ins', lanes.signIns, forSignIns, signInHandlers),
    { durable: 'email-contacts', concurrency: lanes.contacts, handlers: contactHandlers({ em, isMigrated }) },
  ]);
  return [...health, { name: 'smtp', required: false, check: smtp.health }, ...subscriptions];
}

interface SubscriptionParts extends Pick<Parts, 'stack' | 'overrides' | 'log'> {
  readonly nats: Nats;
  readonly probes: Readonly<Record<string, Probe>>;
}

/** Events of one kind, from their durable to what is done about them. */
interface Lane {
  readonly durable: string;
  readonly concurrency: number;
  readonly handlers: Handler[];
  /** Where it sends mails. */
  readonly ledger?: LedgerContext;
}

function mailLane(
  durable: string,
  concurrency: number,
  deps: MailDeps,
  handlersOf: (deps: MailDeps) => Handler[],
): Lane {
  return { durable, concurrency, handlers: handlersOf(deps), ledger: deps.ledger };
}

/** A subscription for each lane, the schedule of later attempts, and the sweeper for what the server gave up. */
function startSubscriptions(
  { stack, nats, overrides, probes, log }: SubscriptionParts,
  lanesOfEvents: readonly Lane[],
): HealthPart[] {
  const { declaration = consumerDeclaration } = overrides;
  const partLog = log.child({ part: 'subscription' });
  const subscriptions = lanesOfEvents.map(({ durable, concurrency, ledger, handlers }) => {
    const common = { nats, declaration: declaration(durable), probes, log: partLog };
    return { ledger, ...startSubscription({ ...common, handlers, concurrency }) };
  });
  const advisories = declaration('email-advisories');
  const sweeper = startSweeper({ nats, declaration: advisories, log: log.child({ part: 'sweeper' }) });
  // All at once: each has to wait for the end of its pull.
  const running = [...subscriptions, sweeper];
  stack.defer(async () => void (await Promise.all(running.map((one) => one[Symbol.asyncDispose]()))));
  const everyMs = overrides.policy?.scheduleEveryMs ?? defaultLedgerPolicy.scheduleEveryMs;
  const lanesOfMails = subscriptions.flatMap(({ durable, ledger, health }) =>
    ledger === undefined ? [] : [{ durable, ledger, isOpen: () => health().status === 'up' }],
  );
  stack.use(startSchedule({ nats, lanes: lanesOfMails, everyMs, log: log.child({ part: 'schedule' }) }));
  const registered = subscriptions.flatMap(({ durable, types }) => types.map((type) => ({ type, durable })));
  log.info({ handlers: registered }, 'event handlers registered');
  return [
    ...subscriptions.map(({ durable, health }) => ({ name: durable, required: false, check: health })),
    { name: advisories.config.durable_name, required: false, check: sweeper.health },
  ];
}

/** The link to NATS, and the way from the outbox to its stream. */
function startPublishing({ stack, config, database, health: all, log }: Omit<Parts, 'overrides'>): {
  nats: Nats;
  bell: Doorbell;
  health: HealthPart[];
} {
  const { databaseUrl, nats: access } = config;
  const natsLog = log.child({ part: 'nats' });
  const nats = stack.use(connectNats({ ...access, name: 'email', inboxPrefix: '_INBOX_email', log: natsLog }));
  stack.use(
    announceService({
      nats,
      name: 'email',
      version: manifest.version,
      description: 'Transactional mail: sends what events ask for, and publishes what became of it',
      root: 'svc.email',
      health: () => readiness(all),
      log: natsLog,
    }),
  );
  const ownBell = createBell();
  const bell = stack.use(startDoorbell({ nats, subject: 'svc.email.outbox', bell: ownBell }));
  const { monitorUrl } = access;
  const streams = stack.use(
    watchStreams({
      nats,
      streams: [streamDeclaration('EMAIL_EVENTS')],
      monitorUrl,
      log: log.child({ part: 'streams' }),
    }),
  );
  const health = [
    { name: 'nats', required: false, check: nats.health },
    { name: 'streams', required: false, check: streams.health },
  ];
  if (!config.relayEnabled) return { nats, bell, health };
  const port = createPublisher({
    nats,
    source: '/postrider/email',
    sequenceFrom: { stream: 'EMAIL_EVENTS', subject: 'email.v1.>' },
    log: log.child({ part: 'publisher' }),
  });
  const ready = database.untilMigrated;
  const relay = stack.use(startRelay({ databaseUrl, port, bell: ownBell, log: log.child({ part: 'relay' }), ready }));
  return { nats, bell, health: [...health, { name: 'relay', required: false, check: relay.health }] };
}

function probeDatabase(database: Database): Probe {
  return async () => {
    if (!database.isMigrated()) throw new Error('The database is not migrated yet.');
    await database.probe();
  };
}
