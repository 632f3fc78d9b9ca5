import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import type { Logger } from 'pino';
import type { Nats } from './connect.ts';
import { type DurabilityVerdict, judgeDurability } from './durability.ts';
import { type StreamDeclaration, streamDifferences } from './topology.ts';

/** Says whether the streams that are published to are as declared, and keep what their tier promises. */
export interface StreamWatch extends AsyncDisposable {
  /** Up while each stream is as declared and as its tier demands; the detail names what is not, and what could not be verified. */
  health(): { status: 'up' | 'down' | 'starting'; detail: string };
}

export interface StreamWatchOptions {
  readonly nats: Nats;
  /** As infra declares them. */
  readonly streams: readonly StreamDeclaration[];
  /** The server's monitoring port, `http://host:8222`: only that tells how it syncs. */
  readonly monitorUrl?: string | undefined;
  readonly log: Logger;
  readonly everyMs?: number;
}

/** Looks at once, and then every minute, since a replica may go away or somebody may edit a stream. */
export function watchStreams(options: StreamWatchOptions): StreamWatch {
  const { nats, log, everyMs = 60_000 } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let state: { status: 'up' | 'down' | 'starting'; detail: string } = {
    status: 'starting',
    detail: 'not looked at yet',
  };
  const report = (status: 'up' | 'down', detail: string): void => {
    if (state.detail !== detail) log[status === 'up' ? 'info' : 'error']({ detail }, 'streams looked at');
    state = { status, detail };
  };
  const watching = (async () => {
    while (!signal.aborted) {
      const looked = await look(options).then(
        (verdicts) => (report(...summarise(verdicts)), true),
        (error: unknown) => (log.debug({ err: error }, 'streams not looked at'), false),
      );
      // Without a connection there is nothing to see, and the link's own health says so.
      await sleep(looked && nats.current() ? everyMs : Math.min(everyMs, 1_000), undefined, { signal }).catch(
        () => undefined,
      );
    }
  })();
  return {
    health: () => state,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await watching;
    },
  };
}

interface StreamVerdict extends DurabilityVerdict {
  /** What the server has otherwise than declared. */
  readonly drift: readonly string[];
}

async function look({ nats, streams, monitorUrl }: StreamWatchOptions): Promise<Map<string, StreamVerdict>> {
  const nc = nats.current();
  if (nc === undefined) throw new Error('NATS is not connected.');
  const manager = await jetstreamManager(nc, { timeout: 5_000, checkAPI: false });
  const server = { version: nc.info?.version ?? '0', syncsAlways: await syncsAlways(monitorUrl) };
  const verdicts = streams.map(async (declared) => {
    const info = await manager.streams.info(declared.name);
    const drift = streamDifferences(declared, info.config);
    return [declared.name, { ...judgeDurability(info, server), drift }] as const;
  });
  return new Map(await Promise.all(verdicts));
}

/** Undefined: not known. */
async function syncsAlways(monitorUrl: string | undefined): Promise<boolean | undefined> {
  if (monitorUrl === undefined) return undefined;
  try {
    const response = await fetch(new URL('/jsz', monitorUrl), { signal: AbortSignal.timeout(2_000) });
    const { config } = (await response.json()) as { config?: { sync_always?: boolean } }; // Foreign, and only this is read.
    return config === undefined ? undefined : config.sync_always === true;
  } catch {
    return undefined; // "Not verified" is the answer then.
  }
}

function summarise(verdicts: ReadonlyMap<string, StreamVerdict>): ['up' | 'down', string] {
  const flaws = [...verdicts].flatMap(([stream, { drift, shortfalls }]) => [
    ...(drift.length > 0 ? [`${stream} is not as declared: ${drift.join(', ')}`] : []),
    ...(shortfalls.length > 0 ? [`${stream}: ${shortfalls.join(', ')}`] : []),
  ]);
  if (flaws.length > 0) return ['down', flaws.join('; ')];
  const words = [...verdicts].map(
    ([stream, { tier, unverified }]) =>
      `${stream} ${tier}${unverified.length > 0 ? ` (declared, not verified: ${unverified.join(', ')})` : ''}`,
  );
  return ['up', words.join(', ')];
}
