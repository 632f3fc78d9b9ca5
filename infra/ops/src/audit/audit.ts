import { runAudit } from '@postrider/audit';
import { type Command, UsageError } from '../command.ts';

/** Counts every event and every mail of a live system, by id. */
export const audit: Command = {
  name: 'audit',
  usage: '',
  summary: 'whether every committed event and every owed mail is accounted for; only reads',
  async run(args, { places, print }) {
    if (args.length > 0) throw new UsageError('audit takes no arguments.');
    const { userDatabaseUrl, emailDatabaseUrl, natsUrl } = await places();
    if (userDatabaseUrl === undefined || emailDatabaseUrl === undefined || natsUrl === undefined)
      throw new UsageError(
        'audit asks both databases and NATS: USER_DATABASE_URL, EMAIL_DATABASE_URL, NATS_OPERATOR_URL.',
      );
    return runAudit(
      { natsOperatorUrl: natsUrl, databaseUrls: { user: userDatabaseUrl, email: emailDatabaseUrl } },
      print,
    );
  },
};
