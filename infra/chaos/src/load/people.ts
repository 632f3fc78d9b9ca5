// People who register, find their mail, and confirm or don't; some forget their password and set another. Each has an address of their own, so that whatever is found at the end can be
// held against what that one person was told.
//
// The load is open: people come at their rate whatever the service does, up to a bound of those who wait for an answer. When faults have
// kept them away the rate rises, so that the wanted number is reached by the end if the machine can do it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../random.ts';
import type { SmtpFleet } from '../smtp/start-smtp.ts';
import type { OperationKind, PersonHistory } from './history.ts';
import type { Outcome, UserApi } from './user-api.ts';

export interface PeopleOptions {
  readonly api: UserApi;
  readonly smtp: SmtpFleet;
  readonly chance: Chance;
  /** How many shall have been told that they are registered, by when (milliseconds of `performance.now()`). */
  readonly accounts: number;
  readonly until: number;
}

export interface People {
  readonly histories: ReadonlyMap<string, PersonHistory>;
  /** Told that they are registered. */
  registered(): number;
  /** Mails that the server has taken, as far as they were looked at. */
  mailsSeen(): number;
  /** What they heard, over all operations. */
  outcomes(): Readonly<Record<Outcome, number>>;
  /** Lets nobody new come, and waits for those under way. */
  stop(): Promise<void>;
}

const mostAtOnce = 96;
const share = { confirm: 0.6, resend: 0.08, again: 0.04, forget: 0.06, reset: 0.8 };

export function startPeople(options: PeopleOptions): People {
  const histories = new Map<string, PersonHistory>();
  const count: { registered: number; mails: number; outcomes: Record<Outcome, number> } = {
    registered: 0,
    mails: 0,
    outcomes: { ok: 0, lost: 0, unknown: 0 },
  };
  const stopping = new AbortController();
  const crowd: Crowd = { ...options, histories, count, underWay: new Set(), signal: stopping.signal };
  const loops = Promise.all([comeOneByOne(crowd), readMails(crowd)]);
  return {
    histories,
    registered: () => count.registered,
    mailsSeen: () => count.mails,
    outcomes: () => count.outcomes,
    async stop() {
      stopping.abort();
      await loops;
      await Promise.all(crowd.underWay);
    },
  };
}

interface Crowd extends PeopleOptions {
  readonly histories: Map<string, PersonHistory>;
  readonly count: { registered: number; mails: number; outcomes: Record<Outcome, number> };
  readonly underWay: Set<Promise<void>>;
  readonly signal: AbortSignal;
}

async function comeOneByOne(crowd: Crowd): Promise<void> {
  const { accounts, until, count, signal, underWay } = crowd;
  for (let index = 1; !signal.aborted; index++) {
    const left = accounts - count.registered - underWay.size;
    // Nine tenths of the time, so that the last ones have some left for their mail.
    const perMs = left / Math.max(1_000, (until - performance.now()) * 0.9);
    await pause(left <= 0 ? 200 : Math.min(1_000, 1 / perMs), signal);
    if (signal.aborted || left <= 0 || underWay.size >= mostAtOnce) continue;
    follow(crowd, registerUntilTold(crowd, `chaos-${index}@example.com`));
  }
}

async function registerUntilTold(crowd: Crowd, email: string): Promise<void> {
  const { api, chance, signal, count } = crowd;
  const password = `correct horse ${email}`;
  for (let tries = 0; tries < 15 && !signal.aborted; tries++) {
    const outcome = await tell(crowd, email, 'register', await api.register(email, password));
    if (outcome === 'ok') {
      count.registered++;
      break;
    }
    await pause(chance.between(100, 1_000), signal);
  }
  if (chance.next() < share.resend) {
    await pause(chance.between(1_100, 4_000), signal);
    if (!signal.aborted) await tell(crowd, email, 'resend', await api.resend(email));
  }
}

/** Whoever has a verification mail may follow its link, and later forget that they have an account. */
async function readMails(crowd: Crowd): Promise<void> {
  const { smtp, chance, signal } = crowd;
  for (let from = 0; !signal.aborted; await pause(200, signal)) {
    const { mails, next } = await smtp.taken(from);
    from = next;
    crowd.count.mails += mails.length;
    for (const { to, token, resetToken } of mails) {
      if (token !== undefined && chance.next() < share.confirm) follow(crowd, confirm(crowd, to, token));
      if (resetToken !== undefined && chance.next() < share.reset) follow(crowd, reset(crowd, to, resetToken));
    }
  }
}

async function confirm(crowd: Crowd, email: string, token: string): Promise<void> {
  const { api, chance, signal } = crowd;
  for (let tries = 0; tries < 6 && !signal.aborted; tries++) {
    const outcome = await tell(crowd, email, 'confirm', await api.confirm(token));
    if (outcome === 'ok') break;
    await pause(chance.between(300, 1_500), signal);
  }
  const next = chance.next();
  if (next >= share.again + share.forget) return;
  await pause(chance.between(1_100, 3_000), signal);
  if (signal.aborted) return;
  if (next < share.forget) await tell(crowd, email, 'forget', await api.forget(email));
  else await tell(crowd, email, 'register', await api.register(email, `another horse ${email}`));
}

/** A copy of the mail holds the same token, and whoever has both may press twice. */
async function reset(crowd: Crowd, email: string, token: string): Promise<void> {
  const { api, chance, signal } = crowd;
  for (let tries = 0; tries < 6 && !signal.aborted; tries++) {
    const outcome = await tell(crowd, email, 'reset', await api.reset(token, `a third horse ${email}`));
    if (outcome === 'ok') break;
    await pause(chance.between(300, 1_500), signal);
  }
}

async function tell(
  { histories, count }: Crowd,
  email: string,
  kind: OperationKind,
  outcome: Outcome,
): Promise<Outcome> {
  const person = histories.get(email) ?? { email, operations: [] };
  person.operations.push({ kind, outcome });
  histories.set(email, person);
  count.outcomes[outcome]++;
  return outcome;
}

function follow({ underWay }: Crowd, work: Promise<void>): void {
  const followed = work.finally(() => underWay.delete(followed));
  underWay.add(followed);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // Rejects only when told to stop.
}
