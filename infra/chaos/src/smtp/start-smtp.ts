import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startNodeServer } from '@postrider/local';
import { type Member, startMember } from '../fleet/member.ts';
import type { FleetContext } from '../fleet/start-fleet.ts';
import { z } from 'zod';
import { type Deviation, type Stage, type TakenMail, takenMail } from './script.ts';

export interface SmtpFleet extends AsyncDisposable {
  readonly member: Member;
  readonly url: string;
  /** Misbehaves until disposed, also when it is killed and started again in the meantime. */
  deviate(deviation: Deviation): Promise<AsyncDisposable>;
  /** How many sessions have come to a stage, since the server was started last. */
  seen(stage: Stage): Promise<number>;
  /** What the server has taken so far, from the byte `from` of its file on. */
  taken(from: number): Promise<{ mails: TakenMail[]; next: number }>;
}

export async function startSmtp({ root, dataDir, env, logTo, onTrouble }: FleetContext): Promise<SmtpFleet> {
  const [port, controlPort] = [await freePort(), await freePort()];
  const takenFile = join(dataDir, 'taken.ndjson');
  await writeFile(takenFile, '');
  const control = `http://127.0.0.1:${controlPort}`;
  const deviations = new Set<Deviation>();
  const member = await startMember({
    name: 'smtp',
    kind: 'smtp',
    onTrouble,
    onLine: logTo('smtp'),
    start: async ({ onSpawn, onLine, signal }) =>
      startNodeServer({
        title: 'The mail server',
        script: join(root, 'infra/chaos/src/smtp/main.ts'),
        cwd: root,
        env: {
          ...env,
          SMTP_PORT: String(port),
          CONTROL_PORT: String(controlPort),
          TAKEN_FILE: takenFile,
          SCRIPT: JSON.stringify([...deviations]),
        },
        readyUrls: [control],
        stopGraceMs: 1_000,
        onSpawn,
        onLine,
        signal,
      }),
  });
  const tell = async (): Promise<void> => {
    const body = JSON.stringify([...deviations]);
    // Not there: it is told when it starts.
    await fetch(control, { method: 'PUT', body, signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  };
  return {
    member,
    url: `smtp://127.0.0.1:${port}`,
    async deviate(deviation) {
      deviations.add(deviation);
      await tell();
      return {
        async [Symbol.asyncDispose]() {
          deviations.delete(deviation);
          await tell();
        },
      };
    },
    async seen(stage) {
      const answer = await fetch(control, { signal: AbortSignal.timeout(2_000) });
      return counts.parse(await answer.json())[stage] ?? 0;
    },
    async taken(from) {
      const text = await readFrom(takenFile, from);
      // A server that was killed while it wrote leaves half a line, and promised nothing.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      return { mails: whole.split('\n').flatMap(parseLine), next: from + Buffer.byteLength(whole) };
    },
    [Symbol.asyncDispose]: async () => member[Symbol.asyncDispose](),
  };
}

async function readFrom(path: string, from: number): Promise<string> {
  await using file = await open(path);
  const { size } = await file.stat();
  const { buffer } = await file.read({ buffer: Buffer.alloc(size - from), position: from });
  return buffer.toString('utf8');
}

const counts = z.record(z.string(), z.number());

function parseLine(line: string): TakenMail[] {
  try {
    return [takenMail.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}
