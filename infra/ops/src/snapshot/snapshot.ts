import { type Command, UsageError } from '../command.ts';
import { withDatabase } from '../database.ts';
import { openStreams } from '../nats.ts';
import { takeSnapshot } from './take-snapshot.ts';

const tenMinutesMs = 600_000;

/** Every user, and where in the stream to read on. */
export const snapshot: Command = {
  name: 'snapshot',
  usage: '> users.ndjson',
  summary: 'every user as a line of JSON, and the position of USER_EVENTS from which on to subscribe; personal data!',
  async run(args, { places, print }) {
    if (args.length > 0) throw new UsageError('snapshot takes no arguments; its lines go to standard output.');
    const { userDatabaseUrl, natsUrl } = await places();
    if (userDatabaseUrl === undefined || natsUrl === undefined)
      throw new UsageError('snapshot asks the user service’s database and NATS: USER_DATABASE_URL, NATS_OPERATOR_URL.');
    await using streams = await openStreams(natsUrl);
    const lastPosition = async (stream: string): Promise<number> =>
      (await streams.manager.streams.info(stream)).state.last_seq;
    const emit = (line: unknown): void => print(JSON.stringify(line));
    await withDatabase(userDatabaseUrl, (database) => takeSnapshot({ lastPosition, database, emit }), {
      longestStatementMs: tenMinutesMs,
    });
    return 0;
  },
};
