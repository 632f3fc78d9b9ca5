import { byFault, byPoint, byScenario, byTest, type FaultPromise } from './promise.ts';

const relay = 'libs/outbox/test/relay.test.ts';
const watermarks = 'libs/outbox/test/watermarks.test.ts';
const lost = 'services/user/test/lost-events.test.ts';
const restored = 'services/user/test/restored-database.test.ts';
const degrading = 'services/user/test/degrading.test.ts';
const supervision = 'libs/messaging/test/supervision.test.ts';

const order = 'nothing is lost; what comes again has its old id';
const behind = 'HTTP goes on; events are caught up with, in order';
const repaired = 'what was acknowledged and lost is noticed and published again';

/** The user service, its relay, the database and NATS. */
export const serverPromises: readonly FaultPromise[] = [
  {
    part: 'user service',
    fault: 'killed at any moment',
    promise: order,
    proofs: [byFault('user-killed'), byFault('relay-killed')],
  },
  {
    part: 'user service',
    fault: 'killed before COMMIT',
    promise: 'neither state nor event; whoever asks again begins anew',
    proofs: [byPoint('outbox.beforeCommit')],
  },
  {
    part: 'user service',
    fault: 'killed between COMMIT and bell',
    promise: 'the event is found by the next relay',
    proofs: [byPoint('outbox.afterCommit')],
  },
  { part: 'user service', fault: 'killed while it relays', promise: order, proofs: [byPoint('relay.beforeAck')] },
  {
    part: 'user service',
    fault: 'killed between the stream’s acknowledgement and the delete',
    promise: order,
    proofs: [byPoint('relay.afterAck'), byPoint('relay.afterBatch')],
  },
  {
    part: 'relay',
    fault: 'stopped past its lease, and awake again (zombie)',
    promise: 'the fence refuses what it writes; order at first sight holds',
    proofs: [
      byFault('relay-zombie'),
      byTest(relay, 'a lease that ran out goes to another owner, and fences what the old one still writes'),
    ],
  },
  {
    part: 'relay',
    fault: 'two at once, one stops',
    promise: 'one works; the other takes over',
    proofs: [
      byTest(relay, 'of two relays one works and the other stands by; when the first stops, the second goes on'),
      byTest(
        degrading,
        'two replicas share one database: each account is published once, and stopping either loses nothing',
      ),
    ],
  },
  {
    part: 'database',
    fault: 'killed and restarted under load, or away',
    promise: 'what was committed is there; 503 while it is away, and the processes survive it',
    proofs: [
      byFault('postgres-killed'),
      byFault('postgres-away'),
      byTest(
        degrading,
        'PostgreSQL killed again and again under load costs no connection for good: the service works, and stops, as before',
      ),
    ],
  },
  {
    part: 'database',
    fault: 'connections cut',
    promise: 'pools come back; a COMMIT whose answer was lost is answered as unknown',
    proofs: [byFault('connections-cut'), byTest(relay, 'connections that are cut are opened again')],
  },
  {
    part: 'database',
    fault: 'slow transaction with a lower number',
    promise: 'not skipped',
    proofs: [
      byFault('slow-transaction'),
      byScenario('held-transaction'),
      byTest(relay, 'a transaction that commits late with a lower number is not skipped'),
    ],
  },
  {
    part: 'database',
    fault: 'writer open for ten minutes at 100 events/s',
    promise: 'no skip, no dead rows in the log, commit → handler p99 within 3×, as usual within a minute after',
    proofs: [byScenario('held-transaction'), byFault('writer-held-open')],
  },
  {
    part: 'database',
    fault: 'the same, by a transaction that has recorded an event',
    promise: 'no skip; reading slows down as measured, and recovers',
    proofs: [byScenario('held-recorder')],
  },
  {
    part: 'database',
    fault: 'reader open for long',
    promise: 'no skip, no stall of others',
    proofs: [byFault('reader-held-open')],
  },
  {
    part: 'database',
    fault: 'prepared transaction, committed much later',
    promise: 'not skipped, whoever was killed meanwhile',
    proofs: [byFault('prepared-transaction')],
  },
  {
    part: 'database',
    fault: 'concurrent updates without a version',
    promise: 'numbers follow the order of commits of an aggregate',
    proofs: [
      byTest(
        'libs/outbox/test/unit-of-work.test.ts',
        'numbers follow the order of commits of an aggregate, under concurrent writers',
      ),
    ],
  },
  {
    part: 'database',
    fault: 'put back from an older copy (dump and restore)',
    promise: 'what it thinks pending is sent again with its old id, nothing is taken for lost, numbers never go back',
    proofs: [
      byTest(
        restored,
        'a database put back from an older copy sends what it thinks pending again with its old id, takes nothing for lost, and gives out higher numbers',
      ),
    ],
  },
  {
    part: 'database',
    fault: 'a standby that was behind is promoted',
    promise: 'the same',
    proofs: [
      byTest(
        restored,
        'when a standby that was behind takes over, what it thinks pending is sent again with its old id, nothing is taken for lost, and no number comes again',
      ),
    ],
  },
  {
    part: 'NATS',
    fault: 'not there at the start',
    promise: behind,
    proofs: [
      byTest(degrading, 'without NATS the service boots and registers, says what is degraded, and catches up in order'),
    ],
  },
  {
    part: 'NATS',
    fault: 'killed, away, or there and silent',
    promise: behind,
    proofs: [
      byFault('nats-killed'),
      byFault('nats-away'),
      byFault('nats-frozen'),
      byTest(
        'services/email/test/outages.test.ts',
        'a NATS server that is killed in the middle of the work delays mails and loses none',
      ),
    ],
  },
  {
    part: 'NATS',
    fault: 'leader killed in a cluster of three',
    promise: 'another node leads; no acknowledged message is lost',
    proofs: [byFault('leader-killed')],
  },
  {
    part: 'NATS',
    fault: 'two of three nodes dead',
    promise: 'nothing is acknowledged meanwhile, nothing lost; it goes on when one is back',
    proofs: [byFault('quorum-lost')],
  },
  {
    part: 'NATS',
    fault: 'stream purged for erasure, message expired',
    promise: 'is not mistaken for loss',
    proofs: [byFault('purged-for-erasure'), byTest(lost, 'what was purged or has expired is no loss: it stays away')],
  },
  {
    part: 'NATS',
    fault: 'store rolled back to an older copy',
    promise: repaired,
    proofs: [
      byFault('store-rolled-back'),
      byTest(
        lost,
        'a server that comes back with an older store gets what it had acknowledged since, without anything new happening',
      ),
    ],
  },
  {
    part: 'NATS',
    fault: 'stream deleted and made anew',
    promise: repaired,
    proofs: [
      byFault('stream-deleted'),
      byTest(lost, 'streams that are deleted and made anew get back what they had'),
      byTest(
        supervision,
        'a deleted stream is told, and delivery goes on by itself when provisioning has made all anew',
      ),
    ],
  },
  {
    part: 'NATS',
    fault: 'stream cut short, again and again',
    promise: repaired,
    proofs: [
      byTest(watermarks, 'a stream that is cut short again and again while events are written has them all in the end'),
    ],
  },
  {
    part: 'NATS',
    fault: 'consumer deleted',
    promise: 'told at once; made anew it delivers everything again, and the ledger absorbs what was handled',
    proofs: [
      byFault('consumer-deleted'),
      byTest(
        'libs/messaging/test/messaging.test.ts',
        'a deleted consumer is told, and taken up again when it is there again',
      ),
    ],
  },
  {
    part: 'NATS',
    fault: 'consumer changed, paused or full',
    promise: 'refused loudly, named as a stall, taken up again',
    proofs: [
      byTest(supervision, 'a consumer that was changed and put right again is taken up again'),
      byTest(supervision, 'a paused consumer is told as a stall, and goes on when it is resumed'),
      byTest(supervision, 'a full waiting room is told as a stall, and over when there is a place'),
    ],
  },
  {
    part: 'NATS',
    fault: 'dedupe window passed',
    promise: 'what comes again is stored twice, and the ledger absorbs it',
    proofs: [byFault('dedupe-window-passed'), byPoint('relay.afterAck')],
  },
];
