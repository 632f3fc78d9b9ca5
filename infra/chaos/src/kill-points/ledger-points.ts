import type { Stage } from '../smtp/script.ts';
import type { Bench } from './bench.ts';
import type { KillPoint } from './kill-point.ts';

/** Between the steps of the ledger of mails, with a verification mail in hand unless said otherwise. */
export const ledgerPoints: readonly KillPoint[] = [
  {
    ...once('ledger.beforeAccept', 'the delivery and the ledger’s row'),
    reach: async (bench, email) => killWaitingFor(bench, email, 'mail'),
  },
  {
    ...once('ledger.beforeClaim', 'the ledger’s row and the attempt that is written ahead'),
    reach: async (bench, email) => killWaitingFor(bench, email, 'mail_attempt'),
  },
  hanging('mail', 'the attempt that is written ahead and the envelope'),
  hanging('rcpt', 'the two commands of the envelope'),
  hanging('data', 'the envelope and the message'),
  hanging('body', 'the first line of the message and the last'),
  {
    ...hanging('final', 'the final dot and its answer'),
    mails: 2,
    extraCopies: 1,
  },
  {
    ...once('ledger.beforeRecord', 'the answer to the final dot and the commit of the outcome'),
    mails: 2,
    extraCopies: 1,
    reach: async (bench, email) => killWaitingFor(bench, email, 'outbox_event'),
  },
  {
    ...once('ledger.beforeAck', 'the commit of the outcome and the acknowledgement'),
    async reach(bench, email) {
      await using lock = await bench.lock('email', 'outbox_event');
      await bench.register(email);
      await lock.awaited();
      using _frozen = bench.nats.freeze();
      await lock[Symbol.asyncDispose]();
      await bench.until(
        'email',
        `select 1 from mail where state = 'sent' and accepted_at >= now() - interval '1 minute'
        and not exists (select from mail where state in ('accepted', 'sending'))`,
        [],
      );
      bench.email.kill();
    },
  },
  {
    ...once('ledger.final-of-a-notice', 'the final dot of a notice and its answer'),
    // The verification, the welcome, and the notice: once, and said to be ambiguous.
    mails: 3,
    async reach(bench, email) {
      await bench.register(email);
      const { token, messageId } = await bench.mail(email, (mail) => mail.token !== undefined);
      await bench.confirm(token ?? '');
      await bench.mail(email, (mail) => mail.messageId !== messageId);
      await bench.until(
        'email',
        `select 1 where not exists (select from mail where state in ('accepted', 'sending'))`,
        [],
      );
      await bench.until(
        'user',
        `select 1 where not exists (select from mail_cooldown where last_at > now() - interval '1 second')`,
        [],
      );
      await using hang = await bench.hangAt('final');
      await bench.register(email);
      await hang.reached();
      bench.email.kill();
    },
  },
];

function once(name: string, between: string): Omit<KillPoint, 'reach'> {
  return { name, kills: 'email', between, mails: 1, extraCopies: 0 };
}

function hanging(stage: Stage, between: string): KillPoint {
  return {
    ...once(`ledger.smtp-${stage}`, between),
    async reach(bench, email) {
      await using hang = await bench.hangAt(stage);
      await bench.register(email);
      await hang.reached();
      bench.email.kill();
    },
  };
}

async function killWaitingFor(bench: Bench, email: string, table: string): Promise<void> {
  await using lock = await bench.lock('email', table);
  await bench.register(email);
  await lock.awaited();
  bench.email.kill();
  await lock.endWaiting();
}
