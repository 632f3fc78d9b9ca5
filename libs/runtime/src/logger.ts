import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/**
 * The process's logger: JSON lines on standard output, one service name, ISO times. Parts get a child of it, passed in.
 * The message of a line is a constant and the data are fields; every line about an event carries eventId, type and subject,
 * every line of a request or a delivery its traceId. No personal data, no payloads.
 */
export function createLogger(options: { name: string; level?: string; destination?: DestinationStream }): Logger {
  const settings = {
    name: options.name,
    level: options.level ?? 'info',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    base: { name: options.name, pid: process.pid },
    serializers: { err: withoutRows },
    // A second lock on the door: nothing should ever log these.
    redact: [
      'password',
      '*.password',
      'token',
      '*.token',
      'sealed',
      '*.sealed',
      '*.headers.authorization',
      '*.headers.cookie',
    ],
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

/** A database's complaint repeats the row it is about, in its details and in the message that an ORM makes of them. */
function withoutRows(error: Error): object {
  const { detail: _row, where: _context, ...rest }: Record<string, unknown> = pino.stdSerializers.err(error);
  return Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, typeof value === 'string' ? value.replace(rowDetail, '') : value]),
  );
}

const rowDetail = /( - detail: .*|\n?DETAIL: .*|Failing row contains .*|Key \(.*\)=\(.*\).*)/g;
