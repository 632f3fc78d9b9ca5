import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Places } from '../places.ts';
import type { Role } from './role.ts';

/** A role in a process of its own: the same calls, answered from there. */
export type RoleProcess = Role & AsyncDisposable & { readonly pid: number };

interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** Starts the process; calls reject when it ends before it answers. */
export async function startRole(peerName: string, places: Places): Promise<RoleProcess> {
  const child = fork(join(import.meta.dirname, 'main.ts'), [peerName, JSON.stringify(places)], {
    serialization: 'advanced', // Arrays of numbers as they are.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('The process of a role did not start.');
  const call = callsTo(child);
  const dispose = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    // What it can't end in time is cut off: the measurement is over.
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await call('end').catch(() => undefined);
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(timer);
  };
  // Every other property is a call of that name.
  return new Proxy({ pid, [Symbol.asyncDispose]: dispose } as unknown as RoleProcess, {
    get: (own, name): unknown =>
      name in own || typeof name === 'symbol' || name === 'then'
        ? Reflect.get(own, name)
        : async (...values: unknown[]) => call(name, ...values),
  });
}

function callsTo(child: ChildProcess): (name: string, ...values: unknown[]) => Promise<unknown> {
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let lastId = 0;
  child.on('message', ({ id, answer, error }: Answer) => {
    const caller = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) caller?.resolve(answer);
    else caller?.reject(new Error(error));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`A role’s process ended (${code ?? signal}).`));
    waiting.clear();
  });
  return async (name, ...values) => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = ++lastId;
    waiting.set(id, { resolve, reject });
    child.send({ id, name, values });
    return promise;
  };
}
