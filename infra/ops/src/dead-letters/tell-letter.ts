import type { EventContract } from '@postrider/contracts';
import type { AuditEntry, DeadLetter } from '@postrider/messaging';

/** A letter in a line. */
export function letterLine({ sequence, buriedAt, durable, type, subject, reason }: DeadLetter): string {
  return `${String(sequence).padStart(6)}  ${momentText(buriedAt)}  ${durable}  ${type ?? '(no type)'}  ${subject}\n        ${reason}`;
}

/** A letter as an object, for machines; never its data. */
export function letterSummary(letter: DeadLetter): object {
  const { headers: _headers, data: _data, buriedAt, ...rest } = letter;
  return { ...rest, buriedAt: buriedAt.toISOString() };
}

/** A letter whole: its headers and its data, with personal data only if that is asked for. */
export function letterPage(letter: DeadLetter, contract: EventContract | undefined, isRevealed: boolean): string[] {
  const headers = [...letter.headers].flatMap(([name, values]) => values.map((value) => `  ${name}: ${value}`));
  return [letterLine(letter), '', ...headers.toSorted(), '', dataText(letter, contract, isRevealed)];
}

/** An action in a line. */
export function auditLine({ at, action, letter, durable, by, because, edited }: AuditEntry): string {
  const changed = edited === undefined ? '' : `, edited: ${edited.join(', ') || 'nothing'}`;
  return `${at}  ${action}  ${letter} (${durable})  by ${by}: ${because}${changed}`;
}

function dataText({ data }: DeadLetter, contract: EventContract | undefined, isRevealed: boolean): string {
  const text = new TextDecoder().decode(data);
  if (isRevealed) return text;
  if (contract === undefined) return `${data.length} bytes that no contract describes: --reveal shows them.`;
  try {
    const members = Object.entries(JSON.parse(text) as object); // Whatever it is: only its members are looked at.
    const shown = members.map(([name, value]) => [
      name,
      contract.pii.includes(name) || name === 'sealed' ? '…' : value,
    ]);
    return JSON.stringify(Object.fromEntries(shown), undefined, 2);
  } catch {
    return `${data.length} bytes that are no JSON: --reveal shows them.`;
  }
}

function momentText(moment: Date): string {
  return moment.toISOString().replace('T', ' ').slice(0, 19);
}
