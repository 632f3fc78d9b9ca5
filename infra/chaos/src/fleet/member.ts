// One process of the fleet: it is kept running, and the nemesis may kill it, stop it in its tracks, or keep it down.
//
// A kill is SIGKILL to whatever process there is at that moment, also one that is still starting; the supervisor starts another. A
// member that is held down is killed, and the next start waits until it is released. So a member is never started twice, and never
// stays away because somebody forgot it: releasing is all there is to heal.
import { type RunningServer, type ServerHooks, supervise } from '@postrider/local';

export type MemberKind = 'user' | 'email' | 'nats' | 'postgres' | 'smtp';

export interface Member extends AsyncDisposable {
  readonly name: string;
  readonly kind: MemberKind;
  /** Whether it runs, was ready once since it was started last, and is not frozen. */
  isUp(): boolean;
  /** SIGKILL, now. False when there is nothing to kill. */
  kill(): boolean;
  /** Kills it and keeps it down until disposed. */
  holdDown(): Disposable;
  /** SIGSTOP until disposed; then SIGCONT. */
  freeze(): Disposable;
  /** How often it was killed. */
  kills(): number;
}

export interface MemberOptions {
  readonly name: string;
  readonly kind: MemberKind;
  readonly start: (hooks: ServerHooks & { readonly isRestart: boolean }) => Promise<RunningServer>;
  readonly onLine?: (line: string) => void;
  readonly onTrouble: (text: string) => void;
}

const restartAfterMs = 150;

export async function startMember({ name, kind, start, onLine, onTrouble }: MemberOptions): Promise<Member> {
  const state: { pid: number | undefined; isUp: boolean; isFrozen: boolean; kills: number; failures: number } = {
    pid: undefined,
    isUp: false,
    isFrozen: false,
    kills: 0,
    failures: 0,
  };
  const gate = createGate();
  const supervised = await supervise<RunningServer>({
    delayMs: (failures) => Math.min(restartAfterMs * (failures + 1), 1_000),
    stableAfterMs: 1_000,
    start: async ({ signal, isRestart }) => {
      await gate.open(signal);
      const onSpawn = async (pid: number): Promise<void> => void (state.pid = pid);
      const server = await start({ signal, isRestart, onSpawn, onLine });
      state.isUp = true;
      return server;
    },
    onEvent: (event) => {
      if (event.type === 'died') Object.assign(state, { isUp: false, pid: undefined });
      if (event.type === 'failed' && ++state.failures % 5 === 0)
        onTrouble(`${name} does not start: ${String(event.error)}`);
      if (event.type === 'restarted') state.failures = 0;
    },
  });
  const kill = (): boolean => {
    if (state.pid === undefined || !signalTo(state.pid, 'SIGKILL')) return false;
    Object.assign(state, { pid: undefined, isUp: false });
    state.kills++;
    return true;
  };
  return {
    name,
    kind,
    isUp: () => state.isUp && !state.isFrozen,
    kill,
    holdDown() {
      const held = gate.close();
      kill();
      return held;
    },
    freeze() {
      const { pid } = state;
      state.isFrozen = true;
      if (pid !== undefined) signalTo(pid, 'SIGSTOP');
      return {
        [Symbol.dispose]() {
          state.isFrozen = false;
          if (pid !== undefined) signalTo(pid, 'SIGCONT');
        },
      };
    },
    kills: () => state.kills,
    [Symbol.asyncDispose]: async () => supervised[Symbol.asyncDispose](),
  };
}

/** It may be gone: then there is nobody to signal. */
function signalTo(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Closed by any number of holders; open when the last one has let go. */
function createGate(): { close(): Disposable; open(signal: AbortSignal): Promise<void> } {
  const holders = new Set<symbol>();
  let waiting = Promise.withResolvers<void>();
  return {
    close() {
      const holder = Symbol('holder');
      holders.add(holder);
      return {
        [Symbol.dispose]() {
          holders.delete(holder);
          if (holders.size > 0) return;
          waiting.resolve();
          waiting = Promise.withResolvers<void>();
        },
      };
    },
    async open(signal) {
      while (holders.size > 0 && !signal.aborted) {
        const { promise: aborted, resolve } = Promise.withResolvers<void>();
        signal.addEventListener('abort', () => resolve(), { once: true });
        await Promise.race([waiting.promise, aborted]);
      }
      signal.throwIfAborted();
    },
  };
}
