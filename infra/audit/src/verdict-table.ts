import type { MailAccount } from './judge-mails.ts';
import type { Verdict } from './judge.ts';

/** The verdict as a person reads it; ends with the number that must be 0. */
export function verdictTable({ streams, consumers, mails, unexplained }: Verdict): string {
  const findings = unexplained.map(({ kind, id, text }) => `  ${kind} ${id}: ${text}`);
  return [
    table(streamColumns, streams),
    table(consumerColumns, consumers),
    ...(mails === undefined ? [] : mailLines(mails)),
    [`Unexplained: ${unexplained.length}`, ...shown(findings)].join('\n'),
  ].join('\n\n');
}

const streamColumns = [
  'stream',
  'committed',
  'stored',
  'waiting',
  'parked',
  'expired',
  'unexplained',
  'duplicates',
  'repaired',
] as const;
const consumerColumns = [
  'durable',
  'committed',
  'consumed',
  'waiting',
  'parked',
  'deadLettered',
  'expired',
  'unexplained',
  'redeliveries',
] as const;
const mailColumns = [
  'owed',
  'sent',
  'suppressed',
  'bounced',
  'expired',
  'failed',
  'waiting',
  'ambiguous',
  'unexplained',
] as const;

function mailLines(mails: MailAccount): string[] {
  const { furtherAttempts, ambiguousAttempts, extraCopies, ambiguousMails } = mails;
  const copies = extraCopies === undefined ? '' : `; copies beyond the first: ${extraCopies}`;
  return [
    table(mailColumns, [mails]),
    `Attempts beyond the first: ${furtherAttempts}, ambiguous ones: ${ambiguousAttempts}${copies}`,
    ...(ambiguousMails.length === 0 ? [] : [`Ambiguous mails:\n${shown(ambiguousMails).join('\n')}`]),
  ];
}

const mostShown = 20;

function shown(lines: readonly string[]): string[] {
  const rest = lines.length - mostShown;
  return [...lines.slice(0, mostShown), ...(rest > 0 ? [`  … and ${rest} more`] : [])];
}

function table<Column extends string>(
  columns: readonly Column[],
  rows: readonly Readonly<Record<Column, string | number>>[],
): string {
  const cells = [columns.map(inWords), ...rows.map((row) => columns.map((column) => String(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const pad = (cell: string, index: number): string =>
    index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0);
  return cells.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

function inWords(column: string): string {
  return column === 'deadLettered' ? 'dead letters' : column;
}
