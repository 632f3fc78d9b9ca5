// A process that is killed outright (kill -9, a crashed test worker) can stop nothing of what it started. So beside each server
// waits a small shell, a reaper, that reads from a pipe only its owner holds. When the owner dies, however it dies, the kernel closes
// the pipe, the read ends, and the reaper stops the server and removes its folder. It sits in a session of its own, so that a signal
// to the owner's process group does not take it along. An owner that stops its server in order dismisses the reaper afterwards.
import { spawn } from 'node:child_process';

const script = `
trap '' INT TERM HUP
# A zombie is gone, though nobody may ever collect it: many containers have no init that would.
lives() { kill -0 "$1" 2>/dev/null && ! grep -qs '^State:.Z' "/proc/$1/status"; }
read -r _
kill -s "$2" "$1" 2>/dev/null
i=0
while lives "$1" && [ $i -lt 50 ]; do sleep 0.1; i=$((i + 1)); done
kill -s KILL "$1" 2>/dev/null
[ -z "$3" ] || rm -rf -- "$3"
`;

export interface ReaperOptions {
  readonly pid: number;
  /** How the server likes to be stopped; SIGKILL follows after five seconds. */
  readonly signal: 'SIGINT' | 'SIGTERM';
  /** Removed with everything in it once the server is gone. */
  readonly folder?: string | undefined;
}

/** Makes sure that a server does not outlive this process. Dispose it when the server has ended. */
export function startReaper({ pid, signal, folder = '' }: ReaperOptions): Disposable {
  const args = ['-c', script, 'postrider-reaper', String(pid), signal.replace(/^SIG/, ''), folder];
  const reaper = spawn('/bin/sh', args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  // Without a reaper everything works as well, only less tidily: its own failure must never be ours.
  reaper.on('error', () => undefined);
  reaper.stdin.on('error', () => undefined);
  reaper.unref();
  return { [Symbol.dispose]: () => void reaper.kill('SIGKILL') };
}
