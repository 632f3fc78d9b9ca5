import { parseArgs } from 'node:util';
import type { LetterFilter } from '@postrider/messaging';
import { UsageError } from '../command.ts';

/** What somebody asked for, made sense of. */
export interface Asked {
  readonly action: 'list' | 'show' | 'replay' | 'discard' | 'audit';
  readonly filter: LetterFilter;
  readonly by: string;
  readonly because: string;
  readonly isDryRun: boolean;
  readonly perSecond: number;
  /** Members of the data and what they are to be. */
  readonly changes: ReadonlyMap<string, unknown>;
  readonly isJson: boolean;
  /** Personal data is shown. */
  readonly isRevealed: boolean;
}

/** All of it, for who mistyped. */
const wholeUsage =
  'list|show|replay|discard|audit [<number>…|--all] [--durable|--type|--event|--subject|--reason|--from|--until <…>] [--dry-run] [--rate <n>] [--set <member>=<json>] [--by <who> --because <why>] [--reveal] [--json]';

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const options = {
  durable: text,
  type: text,
  event: text,
  subject: text,
  reason: text,
  from: text,
  until: text,
  by: text,
  because: text,
  rate: text,
  set: { type: 'string', multiple: true },
  all: flag,
  'dry-run': flag,
  reveal: flag,
  json: flag,
} as const;

/**
 * @throws {UsageError} when it makes no sense, or would act on letters that nobody named: what acts on all of them says `--all`
 */
export function parseCommandLine(args: readonly string[]): Asked {
  const { values, positionals } = parseOrRefuse(args);
  const [action, ...numbers] = positionals;
  if (!isAction(action)) throw new UsageError(`npm run ops -- dead-letters ${wholeUsage}`);
  const filter = filterOf(values, numbers);
  refuseCarelessness(action, filter, values);
  const { by = '', because = '', 'dry-run': isDryRun, json: isJson, reveal: isRevealed, rate = '20' } = values;
  const perSecond = Number(rate);
  if (!(perSecond > 0)) throw new UsageError(`--rate is letters a second, not "${rate}".`);
  return { action, filter, by, because, isDryRun, perSecond, changes: changesOf(values.set ?? []), isJson, isRevealed };
}

function refuseCarelessness(action: Asked['action'], filter: LetterFilter, values: Values): void {
  if (action === 'show' && filter.sequences === undefined)
    throw new UsageError('Which letter? Say its number, as `list` shows it.');
  if (action !== 'replay' && action !== 'discard') return;
  if (Object.keys(filter).length === 0 && !values.all)
    throw new UsageError(
      `Which letters? Say their numbers or what they have in common, or --all to ${action} every one.`,
    );
  if (!values['dry-run'] && (!values.by?.trim() || !values.because?.trim()))
    throw new UsageError('Say --by <who> and --because <why>: the audit trail keeps both.');
}

type Values = ReturnType<typeof parseOrRefuse>['values'];

function parseOrRefuse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${what}\nnpm run ops -- dead-letters ${wholeUsage}`);
  }
}

function isAction(word: string | undefined): word is Asked['action'] {
  return ['list', 'show', 'replay', 'discard', 'audit'].includes(word ?? '');
}

function filterOf(values: Values, numbers: readonly string[]): LetterFilter {
  const { durable, type, event: eventId, subject, reason, from, until } = values;
  const sequences = numbers.map((number) => {
    if (!/^[1-9]\d*$/.test(number)) throw new UsageError(`"${number}" is no letter's number.`);
    return Number(number);
  });
  return {
    ...(sequences.length > 0 && { sequences }),
    ...(durable !== undefined && { durable }),
    ...(type !== undefined && { type }),
    ...(eventId !== undefined && { eventId }),
    ...(subject !== undefined && { subject }),
    ...(reason !== undefined && { reason }),
    ...(from !== undefined && { buriedFrom: momentOf(from) }),
    ...(until !== undefined && { buriedUntil: momentOf(until) }),
  };
}

function momentOf(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new UsageError(`"${text}" is no moment: 2026-11-24T09:00:00Z.`);
  return date;
}

function changesOf(settings: readonly string[]): Map<string, unknown> {
  return new Map(
    settings.map((setting) => {
      const [, member, json] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
      if (member === undefined || json === undefined)
        throw new UsageError(`--set takes <member>=<json>, not "${setting}".`);
      return [member, jsonOf(json)];
    }),
  );
}

function jsonOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new UsageError(`"${json}" is no JSON; a text needs its quotes: --set 'locale="de"'.`);
  }
}
