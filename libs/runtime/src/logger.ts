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
