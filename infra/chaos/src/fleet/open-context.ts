import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureSecrets } from '@postrider/local';
import type { FleetContext, FleetOptions } from './start-fleet.ts';

/** What every member of a fleet is started with: secrets, and a file for each one's lines. */
export async function openContext(
  options: FleetOptions,
  onLine: (name: string, line: string) => void = () => undefined,
): Promise<FleetContext & AsyncDisposable> {
  const { dataDir } = options;
  const logs = join(dataDir, 'logs');
  await mkdir(logs, { recursive: true });
  const secrets = await ensureSecrets(dataDir);
  const files = new AsyncDisposableStack();
  const logTo = (name: string): ((line: string) => void) => {
    const file = createWriteStream(join(logs, `${name}.log`), { flags: 'a' });
    files.defer(() => void file.end());
    return (line) => {
      file.write(`${line}\n`);
      onLine(name, line);
    };
  };
  // A replica that was killed a moment ago should compile nothing again.
  const env = { ...options.env, NODE_COMPILE_CACHE: join(dataDir, 'compile-cache') };
  return { ...options, env, secrets, logTo, [Symbol.asyncDispose]: async () => files.disposeAsync() };
}
