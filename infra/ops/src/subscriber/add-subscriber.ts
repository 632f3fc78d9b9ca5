import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nkeyUsersOf, type Subscriber, subscriberConsumer, subscriberUser } from '@postrider/topology';

const heading = '      # Subscribers,';

/**
 * Writes a subscriber's durable and its user into the files of `natsDir` (infra/nats).
 *
 * @returns the files it wrote
 * @throws when somebody has that name already; then nothing is written
 */
export async function addSubscriber(natsDir: string, subscriber: Subscriber): Promise<string[]> {
  const { name } = subscriber;
  const accountsPath = join(natsDir, 'accounts.conf');
  const { stream_name: stream, config } = subscriberConsumer(subscriber);
  const consumerPath = join(natsDir, 'consumers', stream, `${name}.json`);
  const accounts = await readFile(accountsPath, 'utf8');
  if (nkeyUsersOf(accounts).includes(name)) throw new Error(`${accountsPath} has a user "${name}" already.`);
  await mkdir(dirname(consumerPath), { recursive: true });
  // Fails where there is one: its place belongs to somebody.
  await writeFile(consumerPath, jsonText(config), { flag: 'wx' });
  await writeFile(accountsPath, withUser(accounts, subscriberUser(subscriber)));
  return [consumerPath, accountsPath];
}

/** As the formatter wants it: a list that fits stands on one line. */
function jsonText(value: object): string {
  const text = JSON.stringify(value, undefined, 2);
  const joined = text.replace(
    /^( *"\w+": )\[\n([^\]]*)\n *\](,?)$/gm,
    (whole, key: string, items: string, comma: string) => {
      const line = `${key}[${items.trim().replaceAll(/\n */g, ' ')}]${comma}`;
      return line.length > 120 ? whole : line;
    },
  );
  return `${joined}\n`;
}

/** At the end of the list of users of that account. */
function withUser(accounts: string, user: string): string {
  const [before, after, ...more] = accounts.split(heading);
  const end = after?.indexOf('\n    ]\n') ?? -1;
  if (before === undefined || after === undefined || more.length > 0 || end === -1)
    throw new Error(
      `accounts.conf has no list of subscribers: a line "${heading.trim()} …" at the end of a list of users.`,
    );
  return `${before}${heading}${after.slice(0, end)}\n${user.trimEnd()}${after.slice(end)}`;
}
