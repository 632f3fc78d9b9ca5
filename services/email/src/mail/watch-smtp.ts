import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger, PartHealth } from '@postrider/runtime';
import type { SmtpTransport } from './smtp.ts';

/** Whether the mail server can be used, found out by asking it now and then. For readiness alone: sending never asks. */
export interface SmtpWatch extends AsyncDisposable {
  health(): PartHealth;
}

const interval = { whileUpMs: 15_000, whileDownMs: 2_000 };

export function watchSmtp(transport: SmtpTransport, log: Logger): SmtpWatch {
  const stopping = new AbortController();
  const state: { health: PartHealth } = { health: { status: 'starting', detail: 'not asked yet' } };
  const watching = watch(transport, log, state, stopping.signal);
  return {
    health: () => state.health,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await watching;
    },
  };
}

async function watch(
  transport: SmtpTransport,
  log: Logger,
  state: { health: PartHealth },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const before = state.health.status;
    state.health = await look(transport, signal);
    const { status, detail } = state.health;
    if (signal.aborted) return;
    if (status === 'down' && before !== 'down') log.warn({ detail }, 'mail server can’t be used');
    if (status === 'up' && before === 'down') log.info('mail server can be used again');
    const waitMs = status === 'up' ? interval.whileUpMs : interval.whileDownMs;
    await sleep(waitMs, undefined, { signal }).catch(() => undefined); // Rejects only when told to stop.
  }
}

async function look(transport: SmtpTransport, signal: AbortSignal): Promise<PartHealth> {
  const stopped = new Promise<PartHealth>((resolve) => {
    signal.addEventListener('abort', () => resolve({ status: 'down' }), { once: true });
  });
  const answer = transport.probe().then(
    (): PartHealth => ({ status: 'up' }),
    (error: unknown): PartHealth => ({ status: 'down', detail: error instanceof Error ? error.message : 'unknown' }),
  );
  return Promise.race([answer, stopped]);
}
