import { join } from 'node:path';
import { consoleLine } from '@postrider/local';
import { type Command, UsageError } from '../command.ts';
import { readTrace } from './read-trace.ts';

/** What one request set in motion, in every process, in the order of time: as `npm start` prints it, from the logs that it keeps. */
export const trace: Command = {
  name: 'trace',
  usage: '<trace id>',
  summary: 'what one request set in motion, from the logs of npm start; the first eight digits of its trace are enough',
  async run(args, { places, print }) {
    const id = parse(args);
    const { logsFolder } = await places();
    if (logsFolder === undefined)
      throw new UsageError('The logs are not here: look for the trace id where your services’ logs are kept.');
    const lines = await readTrace(logsFolder, id);
    const [first] = lines;
    if (first === undefined) {
      print(`No line of ${join(logsFolder, '*.log')} is of the trace ${id}.`);
      return 1;
    }
    for (const { process, at, text } of lines) {
      const line = consoleLine(process, text);
      if (line !== undefined) print(`${`+${at - first.at} ms`.padStart(10)}  ${line}`);
    }
    return 0;
  },
};

function parse(args: readonly string[]): string {
  const [text, ...more] = args;
  if (text === undefined || more.length > 0) throw new UsageError(`npm run ops -- ${trace.name} ${trace.usage}`);
  const id = text.toLowerCase();
  if (!/^[\da-f]{8,32}$/.test(id))
    throw new UsageError(`"${text}" is no trace id: 32 hexadecimal digits, or the first eight.`);
  return id;
}
