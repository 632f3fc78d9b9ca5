import { Agent, request } from 'node:http';
import { parentPort, Worker, workerData } from 'node:worker_threads';

export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Requests under way at once, each on a connection of its own. */
  readonly atOnce: number;
  readonly seconds: number;
}

/** Answers a second, asked from a thread of its own, so that asking takes little from who answers. All must be 200. */
export async function requestsASecond(load: Load): Promise<number> {
  const worker = new Worker(new URL(import.meta.url), { workerData: load });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (parentPort !== null && isLoad(workerData)) {
  const { seconds } = workerData;
  const done = await run(workerData);
  parentPort.postMessage(done / seconds); // oxlint-disable-line unicorn/require-post-message-target-origin -- a thread's, not a window's
}

function isLoad(data: unknown): data is Load {
  return typeof data === 'object' && data !== null && 'atOnce' in data;
}

async function run({ url, headers, atOnce, seconds }: Load): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const until = performance.now() + seconds * 1_000;
  let done = 0;
  const ask = async (): Promise<void> => {
    while (performance.now() < until) {
      await get(url, headers, agent);
      done++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ask));
  agent.destroy();
  return done;
}

async function get(url: string, headers: Load['headers'], agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, agent }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${url} answered ${response.statusCode}.`));
      });
    });
    sent.once('error', reject);
    sent.end();
  });
}
