import { styleText } from 'node:util';
import type { Facts, ServiceHealth } from './facts.ts';
import { type Moment, story } from './story.ts';
import type { EventVerdict } from './verdicts.ts';
import type { Verdict } from './next/verdict.ts';

/** The story for people: 80 columns, times in UTC as in the logs, colours on a terminal only. */
export function tell(facts: Facts, verdicts: readonly EventVerdict[]): string[] {
  const { asked } = facts;
  return [
    '',
    `  ${styleText('bold', asked.kind === 'address' ? asked.address : `Event ${asked.eventId}`)}`,
    '',
    ...headLines(facts),
    ...story(facts).flatMap(momentLines),
    '',
    `  ${styleText('bold', 'What happens next')}`,
    ...nextLines(verdicts),
    '',
  ];
}

/** What could not be asked, a line each. */
export function unansweredLines({ unanswered }: Facts): string[] {
  return unanswered.map(({ part, reason }) =>
    styleText('yellow', `could not ask ${part === 'NATS' ? '' : 'the '}${part}: ${reason}`),
  );
}

const nameWidth = 9;
const gutter = ' '.repeat(16);
/** What is left of 80 columns beside the gutter, the rail and the name. */
const valueWidth = 80 - gutter.length - 3 - nameWidth;

function headLines(facts: Facts): string[] {
  const lines = [
    ...accountInWords(facts).map((value) => ['account', value] as const),
    ...facts.health
      .filter(({ status }) => status !== 'no answer')
      .map((one) => [one.service, healthInWords(one)] as const),
  ];
  return [
    ...lines.map(([name, value]) => `  ${styleText('dim', name.padEnd(nameWidth))}${value}`),
    ...unansweredLines(facts).map((line) => `  ${line}`),
  ];
}

function accountInWords({ account, unanswered }: Facts): string[] {
  if (account === undefined) return unanswered.some(({ part }) => part === 'user database') ? [] : ['none (any more)'];
  const { address, isVerified, verifiedAt } = account;
  if (!isVerified) return [`${address}, not verified`];
  return [`${address}, verified${verifiedAt === undefined ? '' : ` ${dateTime(verifiedAt)}`}`];
}

function healthInWords({ status, parts }: ServiceHealth): string {
  const troubled = Object.entries(parts).filter(([, part]) => part.status !== 'up');
  if (troubled.length === 0) return `service ${status}`;
  const details = troubled.map(
    ([name, { status: state, detail }]) => `${name} ${state}${detail ? ` (${detail})` : ''}`,
  );
  return styleText('yellow', `service ${status}: ${details.join(', ')}`);
}

function momentLines({ at, mark, title, facts }: Moment, index: number, all: readonly Moment[]): string[] {
  const day = at.toISOString().slice(0, 10);
  const isNewDay = all[index - 1]?.at.toISOString().slice(0, 10) !== day;
  const rail = styleText('dim', '│');
  const marks = { plain: styleText('cyan', '●'), good: styleText('green', '●'), bad: styleText('red', '✗') };
  return [
    ...(isNewDay ? ['', `  ${styleText('dim', `${day} UTC`)}`] : []),
    `  ${at.toISOString().slice(11, 23)}  ${marks[mark]}  ${title}`,
    ...facts.flatMap(([name, value]) =>
      wrap(value, valueWidth).map(
        (line, row) => `${gutter}${rail}  ${styleText('dim', (row === 0 ? name : '').padEnd(nameWidth))}${line}`,
      ),
    ),
  ];
}

function nextLines(verdicts: readonly EventVerdict[]): string[] {
  const shown = verdicts.filter(({ verdict }) => verdict.kind !== 'none');
  if (shown.length === 0) return ['  Nothing: no event asks for a mail.'];
  return shown.flatMap(({ event, verdict }) => [
    `  ${markOf(verdict)}  ${styleText('dim', `${event.mails?.at(-1)?.mail ?? event.type}, ${dateTime(event.recordedAt)}`)}`,
    ...wrap(verdict.sentence, 75).map((line) => `     ${line}`),
  ]);
}

function markOf({ kind }: Verdict): string {
  if (kind === 'done') return styleText('green', '✓');
  if (kind === 'waiting') return styleText('yellow', '…');
  return styleText('red', kind === 'unknown' ? '?' : '✗');
}

function dateTime(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Breaks between words; a word that is longer than a line (a subject) stays whole, so that it can be copied. */
function wrap(text: string, width: number): string[] {
  const wrapped: string[] = [];
  for (const word of text.split(' ')) {
    const last = wrapped.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) wrapped[wrapped.length - 1] = `${last} ${word}`;
    else wrapped.push(word);
  }
  return wrapped;
}
