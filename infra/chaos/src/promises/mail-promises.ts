import { byFault, byPoint, byScenario, byTest, type FaultPromise } from './promise.ts';

const crash = 'libs/messaging/test/crash-loops.test.ts';
const messaging = 'libs/messaging/test/messaging.test.ts';
const rolling = 'libs/messaging/test/rolling-deployment.test.ts';
const failures = 'services/email/test/failures.test.ts';
const schedule = 'services/email/test/schedule.test.ts';
const journey = 'services/email/test/journey.test.ts';

const never = 'handled or in the dead letters, never in between';
const outage = 'an outage: no attempt is spent, every mail goes out once';
const letter = 'a dead letter with the reason; the next message is handled';

/** Consumers, the email service, its mail server, and what messages hold. */
export const mailPromises: readonly FaultPromise[] = [
  {
    part: 'consumer',
    fault: 'killed before, in, or after its handler, once',
    promise: never,
    proofs: [byTest(crash, 'a process that died once (%s its handler) loses nothing'), byFault('email-killed')],
  },
  {
    part: 'consumer',
    fault: 'a message kills its process every time',
    promise: 'buried after four deaths; what was beside it is handled',
    proofs: [
      byTest(
        crash,
        'a message whose handler kills its process is buried after four deaths, and all others are handled',
      ),
      byTest(crash, 'a message that kills %s is buried, and what was beside it is handled'),
    ],
  },
  {
    part: 'consumer',
    fault: 'killed on the last delivery that the server makes',
    promise: 'swept into the dead letters',
    proofs: [
      byTest(crash, 'killed on the last delivery that the server makes, a message is swept into the dead letters'),
    ],
  },
  {
    part: 'consumer',
    fault: 'killed between the letter and the end of the message',
    promise: 'one letter',
    proofs: [
      byTest(crash, 'killed between the letter and the end of the message: the next delivery stores no second letter'),
    ],
  },
  {
    part: 'consumer',
    fault: 'its handler throws always',
    promise: 'backoff as configured, then a dead letter with the reason',
    proofs: [
      byTest(
        messaging,
        'a handler that always fails is tried five times, then found in the dead letters with the reason',
      ),
    ],
  },
  {
    part: 'consumer',
    fault: 'its handler throws for one key, or is stuck in one lane',
    promise: 'others flow',
    proofs: [byTest(rolling, 'a lane whose handlers are all stuck keeps no other lane waiting'), byScenario('poison')],
  },
  {
    part: 'consumer',
    fault: 'its handler hangs',
    promise: 'it loses its place to others, and ends in the dead letters',
    proofs: [byTest(messaging, 'a handler that hangs loses its place to others, and ends in the dead letters')],
  },
  {
    part: 'consumer',
    fault: 'its handler takes longer than ack_wait',
    promise: 'the message stays its own',
    proofs: [byTest(messaging, 'a handler that takes longer than ack_wait keeps its message')],
  },
  {
    part: 'consumer',
    fault: 'its handler blocks the event loop',
    promise: 'another replica takes over what the process held',
    proofs: [
      byTest(
        crash,
        'a handler that blocks its process for many ack_waits keeps nobody waiting: another replica takes over what it held',
      ),
    ],
  },
  {
    part: 'consumer',
    fault: '2,000 poisonous messages in backoff',
    promise: 'the p99 of healthy mail changes by less than 2×',
    proofs: [
      byScenario('poison'),
      byTest(messaging, 'two thousand messages in a long backoff keep no healthy message waiting'),
    ],
  },
  {
    part: 'SMTP',
    fault: 'not there, for seconds or for hours',
    promise: outage,
    proofs: [
      byFault('smtp-killed'),
      byFault('smtp-refuses'),
      byTest(failures, 'while the mail server is away nothing is spent, and afterwards every mail goes out once'),
      byTest(schedule, 'while the mail server is away nothing that is due is tried, and afterwards everything is'),
    ],
  },
  ...(['greeting', 'ehlo', 'mail', 'rcpt', 'data'] as const).map((stage): FaultPromise => ({
    part: 'SMTP',
    fault: `drops the connection at ${stage.toUpperCase()}`,
    promise: outage,
    proofs: [byFault(`smtp-drops-at-${stage}`)],
  })),
  { part: 'SMTP', fault: 'drops it in the message', promise: outage, proofs: [byFault('smtp-drops-in-message')] },
  {
    part: 'SMTP',
    fault: 'drops it after the final dot',
    promise: 'ambiguous, and counted: security mail once more, a notice never',
    proofs: [
      byFault('smtp-drops-after-final-dot'),
      byTest(failures, 'a security mail whose answer was lost is sent once more, byte for byte'),
      byTest(failures, 'a security mail whose answer was lost twice is not sent a third time'),
      byTest(failures, 'a notice whose answer was lost is not sent again'),
    ],
  },
  {
    part: 'SMTP',
    fault: 'hangs',
    promise: 'given up after ten seconds before the greeting, waited for after the final dot; ambiguous only then',
    proofs: [
      byFault('smtp-hangs-at-greeting'),
      byFault('smtp-hangs-after-final-dot'),
      byTest('services/email/test/smtp.test.ts', 'giving up is harmless before the data and ambiguous after it'),
    ],
  },
  {
    part: 'SMTP',
    fault: 'wrong certificate',
    promise: 'never clear text instead, no attempt spent, told as configuration; all mail goes out with the right one',
    proofs: [
      byTest(
        'services/email/test/certificate.test.ts',
        'a mail server with a wrong certificate gets no mail in clear text and costs no attempt; with the right one all mail goes out once',
      ),
      byTest(
        'services/email/test/smtp.test.ts',
        'a certificate that fails is a matter of configuration, over STARTTLS and over smtps',
      ),
    ],
  },
  {
    part: 'SMTP',
    fault: 'storms of 421',
    promise: 'tried again after a minute, nothing spent',
    proofs: [byFault('smtp-says-421')],
  },
  {
    part: 'SMTP',
    fault: 'defers, greylists',
    promise: 'tried again with backoff, long waits in the ledger',
    proofs: [
      byFault('smtp-defers'),
      byFault('smtp-greylists'),
      byTest(schedule, 'a greylisted mail waits in the ledger, its message acknowledged, and goes out when it is due'),
    ],
  },
  {
    part: 'SMTP',
    fault: 'refuses for good',
    promise: 'bounced and never tried again, or failed and a dead letter',
    proofs: [byFault('smtp-bounces'), byFault('smtp-refuses-content')],
  },
  {
    part: 'email service',
    fault: 'killed at each of the ledger’s steps',
    promise: 'one extra copy of security mail where the attempt is ambiguous, none of a notice, none elsewhere',
    proofs: [
      byPoint('ledger.beforeAccept'),
      byPoint('ledger.beforeClaim'),
      byPoint('ledger.smtp-mail'),
      byPoint('ledger.smtp-rcpt'),
      byPoint('ledger.smtp-data'),
      byPoint('ledger.smtp-body'),
      byPoint('ledger.smtp-final'),
      byPoint('ledger.beforeRecord'),
      byPoint('ledger.beforeAck'),
      byPoint('ledger.final-of-a-notice'),
    ],
  },
  {
    part: 'email service',
    fault: 'stopped past its leases, and awake again (zombie); away',
    promise: 'an attempt whose lease is over is another’s; mails wait and are sent',
    proofs: [byFault('email-zombie'), byFault('email-away')],
  },
  {
    part: 'everything',
    fault: 'killed at random for the whole run while people register, verify and ask again; power failures',
    promise: 'the conservation law: nothing unexplained',
    proofs: [
      byFault('power-failure'),
      byTest(
        'infra/chaos/test/short.test.ts',
        'everything is killed while people register, and nothing is unexplained',
      ),
    ],
  },
  {
    part: 'payloads',
    fault: 'no JSON, another shape, no envelope',
    promise: letter,
    proofs: [byTest(messaging, 'a message with %s is a dead letter at once, and the next one is handled')],
  },
  {
    part: 'payloads',
    fault: 'unknown type, unknown major version',
    promise: 'left to a newer build for an hour, then a dead letter',
    proofs: [
      byTest(rolling, 'what an old replica does not know is left to the new one, and health says so'),
      byTest(rolling, 'what no build ever takes ends in the dead letters'),
    ],
  },
  {
    part: 'payloads',
    fault: 'as large as the stream takes, and larger',
    promise: `${letter}; larger ones are parked at their source`,
    proofs: [
      byTest(
        journey,
        'the largest message that a stream takes ends in the dead letters like any other, larger ones are not taken',
      ),
      byTest(messaging, 'an event that is larger than the server takes, or not of its stream, is refused for ever'),
    ],
  },
  {
    part: 'payloads',
    fault: 'sealed part for another event or another recipient, wrong key',
    promise: letter,
    proofs: [
      byTest(
        journey,
        'what can’t be understood or opened is a dead letter with its reason, and the next mail goes out',
      ),
      byTest(
        'services/email/test/sealing-rotation.test.ts',
        'a sealing key is replaced without losing a mail; one that goes too early leaves a dead letter that says so, and can be replayed',
      ),
    ],
  },
];
