import { once } from 'node:events';
import { pino } from 'pino';
import { createBell, startRelay, type StreamPort } from '../src/index.ts';
import { tableStream } from './table-stream.ts';

/** Where in the life of its second batch the process stops to be killed. */
export type Point = 'staged' | 'next staged' | 'stored' | 'nowhere';

/** What a test tells the process in its one argument. */
export interface RelayArgument {
  readonly databaseUrl: string;
  readonly point: Point;
  readonly leaseLifeMs?: number;
}

/** A relay as a process of its own. It says on stdout that it has reached its point, and goes on at a line on stdin, if one comes. */
const [, , argument = '{}'] = process.argv;
const { databaseUrl, point, leaseLifeMs = 3_000 } = JSON.parse(argument) as RelayArgument; // Written by the test that started us.
const { port } = tableStream(databaseUrl);

let staged = 0;
const nextStaged = Promise.withResolvers<void>();
const stop = async (): Promise<void> => {
  process.stdout.write(`${point}\n`);
  await once(process.stdin, 'data');
};
const stopping: StreamPort = {
  ...port,
  stageBatch(events) {
    const number = ++staged;
    if (number === 3) nextStaged.resolve();
    const batch = port.stageBatch(events);
    return {
      async commit() {
        if (number !== 2 || point === 'nowhere') return batch.commit();
        if (point === 'staged') await stop();
        if (point === 'next staged') await nextStaged.promise.then(stop);
        const stored = await batch.commit();
        if (point === 'stored') await nextStaged.promise.then(stop);
        return stored;
      },
    };
  },
};
const relay = startRelay({
  databaseUrl,
  port: stopping,
  bell: createBell(),
  log: pino({ level: 'silent' }),
  pageSize: 50,
  backlogSize: 5_000,
  batchFrom: 20,
  leaseLifeMs,
});
setInterval(() => process.stdout.write(`${relay.health().detail}\n`), 100);
