import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Taken {
  readonly count: number;
  /** Milliseconds of the monotonic clock. */
  readonly firstAt: number;
  readonly lastAt: number;
}

export interface SmtpSink extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  taken(): Promise<Taken>;
  /** Counts from zero again. */
  forget(): Promise<void>;
}

export async function startSmtpSink(): Promise<SmtpSink> {
  const child = fork(join(import.meta.dirname, 'smtp-sink.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const answer = async <Answer>(): Promise<Answer> => ((await once(child, 'message')) as [Answer])[0]; // As smtp-sink.ts sends it.
  const { port } = await answer<{ port: number }>();
  const ask = async (wish: 'count' | 'forget'): Promise<Taken> => {
    const answered = answer<Taken>();
    child.send(wish);
    return answered;
  };
  return {
    port,
    pid: child.pid ?? 0,
    taken: async () => ask('count'),
    forget: async () => void (await ask('forget')),
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
