import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

export interface LogFile extends Disposable {
  write(line: string): void;
}

const largestBytes = 50 * 1024 * 1024;

/**
 * The log of one process: its lines as it wrote them. The file before is kept as `<path>.1`, at every start and above 50 MB. Writes
 * are synchronous: they go to the page cache, and what a dying stack said last is what somebody will look for.
 */
export function openLogFile(path: string, maxBytes: number = largestBytes): LogFile {
  let bytes = 0;
  let file = openAnew(path);
  return {
    write: (line) => {
      if (bytes > maxBytes) {
        closeSync(file);
        file = openAnew(path);
        bytes = 0;
      }
      bytes += writeSync(file, `${line}\n`);
    },
    [Symbol.dispose]: () => closeSync(file),
  };
}

function openAnew(path: string): number {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
