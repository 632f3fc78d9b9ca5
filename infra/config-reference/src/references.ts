import { configSchema as email } from '@postrider/email/config';
import { stackSettings } from '@postrider/local/settings';
import { configSchema as user } from '@postrider/user/config';
import { referenceMarkdown } from './reference-markdown.ts';

export interface Reference {
  /** From the root of the repository. */
  readonly path: string;
  readonly markdown: string;
}

/** Every configuration reference, as the schemas have it now. */
export function references(): Reference[] {
  return [
    reference('services/user', user.in, {
      title: 'Configuration of the user service',
      from: 'src/config.ts',
      ...service,
    }),
    reference('services/email', email.in, {
      title: 'Configuration of the email service',
      from: 'src/config.ts',
      ...service,
    }),
    reference('infra/local', stackSettings, {
      title: 'Configuration of npm start',
      from: 'src/stack/stack-settings.ts',
      about:
        'Environment variables of `npm start`; none is required, and an empty one counts as absent. Keys and passwords of its own it makes itself and keeps in its data directory. ' +
        'Both services get the same environment, so that their settings can be given here too (`LOG_LEVEL=debug npm start`): those of the ' +
        '[user service](../../services/user/CONFIGURATION.md) and of the [email service](../../services/email/CONFIGURATION.md), except for addresses, keys and ' +
        '`SHUTDOWN_GRACE_SECONDS`, which the stack decides.',
    }),
  ];
}

interface ReferenceOptions {
  readonly title: string;
  /** The file of the schema. */
  readonly from: string;
  readonly about: string;
}

const service = {
  about:
    'Environment variables, all judged before anything is opened: every problem is told at once, and the process ends with exit code 78. An empty one counts as absent. ' +
    'Defaults run locally; keys have none. What is marked as secret belongs in a secret store: neither messages nor logs repeat it.',
};

function reference(
  folder: string,
  schema: Parameters<typeof referenceMarkdown>[0],
  options: ReferenceOptions,
): Reference {
  const { title, from, about } = options;
  const origin = `Made from [\`${from}\`](${from}) by \`npm run config-reference\`: change it there.`;
  return {
    path: `${folder}/CONFIGURATION.md`,
    markdown: referenceMarkdown(schema, { title, introduction: `${about}\n\n${origin}` }),
  };
}
