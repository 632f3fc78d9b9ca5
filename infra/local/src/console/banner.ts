import { join } from 'node:path';
import { styleText } from 'node:util';
import type { StackInfo } from '../stack/stack-file.ts';

/** What a newcomer needs to know once everything runs. */
export function banner(info: StackInfo, { dataDir, publicUrl }: { dataDir: string; publicUrl: string }): string {
  const registration = JSON.stringify({ email: 'ada@example.com', password: 'correct horse battery staple' });
  const row = (name: string, text: string | undefined): string[] =>
    text === undefined ? [] : [`  ${name.padEnd(10)} ${text}`];
  const lines = [
    styleText(['bold', 'green'], 'Postrider runs.'),
    '',
    ...row('API', `${publicUrl}/docs`),
    ...row('gateway', info.gatewayUrl),
    ...row('admin', info.adminUrl),
    ...row(
      'mailbox',
      info.mailboxUrl === undefined ? undefined : `${info.mailboxUrl}   ${styleText('bold', '← mails appear here')}`,
    ),
    ...row('mail', info.mailboxUrl === undefined ? `goes to ${new URL(info.smtpUrl).host}` : undefined),
    ...row('NATS', info.natsMonitorUrl),
    ...row('logs', join(dataDir, 'logs')),
    ...row('addresses', join(dataDir, 'stack.json')),
    '',
    'Register an account:',
    `  curl -i ${info.userUrl}/v1/registrations -H 'content-type: application/json' -d '${registration}'`,
    '',
    'Look at the events with the nats CLI:',
    `  nats -s ${info.natsOperatorUrl} stream ls`,
    `  nats -s ${info.natsOperatorUrl} sub 'user.v1.>'`,
    '',
    'Ctrl-C stops everything; the data stays.',
  ];
  return lines.join('\n');
}
