import { styleText } from 'node:util';
import { z } from 'zod';

const record = z.looseObject({
  level: z.union([z.string(), z.number()]),
  msg: z.string().default(''),
  time: z.union([z.string(), z.number()]).optional(),
  traceId: z.string().optional(),
  err: z.looseObject({ message: z.string().optional(), stack: z.string().optional() }).optional(),
});

/** Said in the line itself, or for whoever reads the file. */
const hidden = new Set(
  'level msg time traceId err name pid hostname spanId v part reqId eventId subject streamSequence'.split(' '),
);
const levels: Readonly<Record<string, number>> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };

/**
 * A line of a process's log as a person reads it: time, process, what happened, with what, and in brackets the start of the trace
 * it belongs to. Undefined for what stays in the file: debug lines, and the chatter of servers that write no JSON.
 */
export function consoleLine(processName: string, line: string): string | undefined {
  const parsed = record.safeParse(parseJson(line));
  if (!parsed.success) return isAlarming(line) ? plain(processName, line) : undefined;
  const { level, msg, time, traceId, err, ...rest } = parsed.data;
  const severity = typeof level === 'number' ? level : (levels[level] ?? 30);
  if (severity < 30) return undefined;
  const fields = Object.entries(rest).filter(([name]) => !hidden.has(name));
  const parts = [
    styleText('dim', clock(time)),
    styleText('cyan', processName.padEnd(8)),
    styleText(colour(severity), msg),
    ...fields.map(([name, value]) => styleText('dim', `${name}=${short(value)}`)),
    ...(traceId === undefined ? [] : [styleText('dim', `[${traceId.slice(0, 8)}]`)]),
    ...(err === undefined ? [] : [styleText('red', severity >= 50 ? (err.stack ?? '') : (err.message ?? ''))]),
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function plain(processName: string, line: string): string {
  return `${styleText('dim', clock(undefined))} ${styleText('cyan', processName.padEnd(8))} ${styleText('yellow', line)}`;
}

/** What PostgreSQL, nats-server or a crashing Node write when something is wrong; not what clients are told at a stop or a start. */
function isAlarming(line: string): boolean {
  if (/starting up|shutting down|administrator command|not yet accepting/.test(line)) return false;
  return /FATAL|PANIC|\[(ERR|FTL)\]|^\s*(\w*Error\b|at )/.test(line);
}

function clock(time: string | number | undefined): string {
  const date = time === undefined ? new Date() : new Date(time);
  return Number.isNaN(date.getTime()) ? '' : date.toTimeString().slice(0, 8);
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value).replaceAll('"', '');
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

function colour(severity: number): 'reset' | 'yellow' | 'red' {
  if (severity >= 50) return 'red';
  return severity >= 40 ? 'yellow' : 'reset';
}

function parseJson(line: string): unknown {
  try {
    return line.startsWith('{') ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}
