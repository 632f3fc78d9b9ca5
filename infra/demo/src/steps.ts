import type { EventContract, EventOf } from '@postrider/contracts';
import { emailSent } from '@postrider/contracts';
import { z } from 'zod';
import { type Journey, take } from './journey.ts';
import { findMail, type Mail, subjectsTo } from './mailbox-reader.ts';
import type { Found } from './stream-reader.ts';
import type { Facts } from './timeline.ts';

/** Somebody who registers, and the trace that everything they cause must carry. */
export interface Person {
  readonly email: string;
  readonly traceId: string;
  readonly traceparent: string;
}

const answerSchema = z.looseObject({ status: z.unknown().optional(), code: z.string().optional() });
const registered = z.object({ status: z.literal('pending'), flowId: z.uuid() });

/** The request, whose answer waits neither for NATS nor for mail. */
export async function register(journey: Journey, person: Person): Promise<{ flowId: string }> {
  return take(journey, {
    title: 'POST /v1/registrations answers 202',
    expected: '202 with a flowId',
    look: [`${journey.logs}/user.log`],
    work: async (signal) => {
      const body = { email: person.email, password: crypto.randomUUID(), displayName: 'Demo' };
      const answer = await post(journey, person, '/v1/registrations', body, signal);
      if (answer.status !== 202) throw new Error(inWords(answer));
      return registered.parse(answer.body);
    },
    tell: ({ flowId }) => [['flow', flowId]],
  });
}

/** An event on its stream, found by what it says, with the person's trace in its headers. */
export async function eventOnStream<C extends EventContract>(
  journey: Journey,
  person: Person,
  contract: C,
  options: { fits: (event: EventOf<C>) => boolean; tell?: (event: EventOf<C>) => Facts },
): Promise<EventOf<C>> {
  const { stream, type } = contract;
  const { event } = await take<Found<C>>(journey, {
    title: type,
    expected: `${type} on ${stream}, with the trace ${person.traceId}`,
    look: [
      `${journey.logs}/${stream === 'EMAIL_EVENTS' ? 'email' : 'user'}.log`,
      `grep ${person.traceId} ${journey.logs}/*.log`,
    ],
    work: async (signal) => {
      const found = await journey.streams.find(contract, options.fits, signal);
      const traceId = found.event.traceparent?.split('-')[1];
      if (traceId !== person.traceId)
        throw new Error(`the event ${found.event.id} with the trace ${traceId ?? 'none'}`);
      return found;
    },
    tell: (found) => [
      ['event', found.event.id],
      ['stream', `${found.stream} #${found.streamSequence}`],
      ...(options.tell?.(found.event) ?? []),
      ['trace', `${person.traceId} ✓ ours`],
    ],
    seen: async () => `${stream} brought ${journey.streams.seenOn(stream).join(', ') || 'nothing at all'}`,
  });
  return event;
}

/** The mail, as the person finds it. `hides` says what is in it that is not printed. */
export async function mailInMailbox(
  journey: Journey,
  person: Person,
  subject: string,
  hides: Facts = [],
): Promise<Mail> {
  const { mailboxUrl, logs } = journey;
  return take(journey, {
    title: `Mail: “${subject}”`,
    expected: `a mail “${subject}” to ${person.email} in the mailbox at ${mailboxUrl}`,
    look: [`${logs}/email.log`, `${logs}/mailbox.log`, `grep ${person.traceId} ${logs}/*.log`],
    work: async (signal) => findMail(mailboxUrl, { to: person.email, subject }, signal),
    tell: ({ id }) => [['mail', id], ...hides],
    seen: async (signal) => {
      const subjects = await subjectsTo(mailboxUrl, person.email, signal).catch(() => undefined);
      if (subjects === undefined) return `the mailbox at ${mailboxUrl} does not answer`;
      return `this address got ${subjects.length === 0 ? 'no mail' : `“${subjects.join('”, “')}”`}`;
    },
  });
}

/** The email service's word that the mail server took the mail which `cause` asked for. */
export async function deliveryFact(journey: Journey, person: Person, cause: Promise<{ id: string }>): Promise<void> {
  const { id: causationId } = await cause;
  await eventOnStream(journey, person, emailSent, {
    fits: ({ data }) => data.causationId === causationId,
    tell: ({ data }) => [
      ['ledger', data.mailId],
      ['said', `${data.mail}: attempt ${data.attempt}, the server answered ${data.replyCode ?? 'no code'}`],
    ],
  });
}

/** The button of the page, or the code typed in: works once. */
export async function confirm(journey: Journey, person: Person, proof: Record<string, string>): Promise<void> {
  await confirming(journey, person, proof, {
    title: `Confirm by ${'token' in proof ? 'the link' : 'flow and code'}: verified`,
    expected: '200 verified',
    fits: ({ status, body }) => status === 200 && body.status === 'verified',
  });
}

export async function confirmAgain(journey: Journey, person: Person, proof: Record<string, string>): Promise<void> {
  await confirming(journey, person, proof, {
    title: `The same ${'token' in proof ? 'link' : 'code'} again: refused`,
    expected: '400 invalid_or_expired, for it was used',
    fits: ({ status, body }) => status === 400 && body.code === 'invalid_or_expired',
  });
}

export interface Answer {
  readonly status: number;
  readonly body: z.infer<typeof answerSchema>;
}

/** What the service said, for a sentence. Its problems hold no secrets. */
export function inWords({ status, body }: Answer): string {
  return `${status} ${body.code ?? String(body.status)}`;
}

export async function answerOf(response: Response): Promise<Answer> {
  return { status: response.status, body: answerSchema.parse(await response.json()) };
}

async function confirming(
  journey: Journey,
  person: Person,
  proof: Record<string, string>,
  { title, expected, fits }: { title: string; expected: string; fits: (answer: Answer) => boolean },
): Promise<void> {
  await take(journey, {
    title,
    expected,
    look: [`${journey.logs}/user.log`],
    work: async (signal) => {
      const answer = await post(journey, person, '/v1/verifications/confirm', proof, signal);
      if (!fits(answer)) throw new Error(inWords(answer));
      return answer;
    },
    tell: (answer) => [['answer', inWords(answer)]],
  });
}

async function post(
  { info }: Journey,
  { traceparent }: Person,
  path: string,
  body: Record<string, string>,
  signal: AbortSignal,
): Promise<Answer> {
  const headers = { 'content-type': 'application/json', traceparent };
  return answerOf(
    await fetch(`${info.userUrl}${path}`, { method: 'POST', headers, body: JSON.stringify(body), signal }),
  );
}
