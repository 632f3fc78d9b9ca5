import { join } from 'node:path';
import { startNodeServer } from '../process/start-node-server.ts';
import { keepRunning, type StackContext } from './keep-running.ts';
import { folderOf } from './stack-config.ts';

export interface MailboxPart extends AsyncDisposable {
  readonly smtpUrl: string;
  /** The inbox; absent when mail goes elsewhere. */
  readonly url?: string;
  pid(): number | undefined;
}

/** Where mail goes: the mailbox as a process of its own, or the SMTP server that runs elsewhere. */
export async function startMailboxPart(context: StackContext): Promise<MailboxPart> {
  const { config, progress } = context;
  if (config.external.smtpUrl !== undefined) {
    progress.note('mail: using SMTP_URL');
    return { smtpUrl: config.external.smtpUrl, pid: () => undefined, [Symbol.asyncDispose]: async () => undefined };
  }
  const { mailbox, smtp } = config.ports;
  const url = `http://127.0.0.1:${mailbox}`;
  const env = {
    ...config.env,
    HOST: '127.0.0.1',
    SMTP_PORT: String(smtp),
    HTTP_PORT: String(mailbox),
    MAILBOX_DIR: folderOf(config, 'mailbox'),
  };
  const server = await progress.step(`mailbox on port ${mailbox}, SMTP on ${smtp}`, async () =>
    keepRunning(context, 'mailbox', async (attempt) =>
      startNodeServer({
        title: `The mailbox on port ${mailbox}`,
        script: join(config.root, 'infra/local/src/mailbox/main.ts'),
        cwd: config.root,
        env,
        readyUrls: [`${url}/readyz`],
        stopGraceMs: 1_000,
        ...attempt,
      }),
    ),
  );
  return {
    url,
    smtpUrl: `smtp://127.0.0.1:${smtp}`,
    pid: () => server.current.pid,
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}
