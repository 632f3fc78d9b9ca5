import { Agent, request } from 'node:http';
import * as fc from 'fast-check';
import type { OpenAPIV3_1 } from 'openapi-types';
import { type FuzzedRequest, type Knowledge, requestsOf } from './requests.ts';

export interface FuzzOptions {
  /** Of a listener. */
  readonly url: string;
  /** What to ask; the listener's own OpenAPI document unless said. */
  readonly document?: OpenAPIV3_1.Document;
  /** Asked for each batch of requests. */
  readonly knowledge: () => Promise<Knowledge>;
  readonly count: number;
  readonly seed: number;
  readonly atOnce?: number;
  readonly onViolation?: (what: string) => void;
  readonly onProgress?: (done: number, statuses: Readonly<Record<string, number>>) => void;
}

export interface FuzzResult {
  /** How often each status was answered, by operation too: where everything is refused nothing was tried. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly operations: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What should not be, each with the request that did it. */
  readonly violations: readonly string[];
}

const batchSize = 200;

/**
 * Sends requests made from an OpenAPI document, and holds every answer against what is promised of all of them: never a 5xx
 * (503 `busy` neither, since so few at once fill no queue), refusals as problems with their own status and a code, and nothing to be
 * stored. The same seed makes the same requests, but for what is known.
 */
export async function fuzz({
  url,
  document,
  knowledge,
  count,
  seed,
  atOnce = 16,
  onViolation,
  onProgress,
}: FuzzOptions): Promise<FuzzResult> {
  const asked = document ?? ((await (await fetch(`${url}/openapi.json`)).json()) as OpenAPIV3_1.Document); // Lint says that it is one.
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const statuses: Record<string, number> = {};
  const operations: Record<string, Record<string, number>> = {};
  const violations: string[] = [];
  for (let done = 0; done < count; done += batchSize) {
    const size = Math.min(batchSize, count - done);
    const arbitrary = requestsOf(asked, await knowledge());
    const requests = fc.sample(arbitrary, { seed: seed + done, numRuns: size }).values();
    const work = async (): Promise<void> => {
      for (const one of requests) {
        const answer = await send(url, agent, one);
        const ofOperation = (operations[one.operation] ??= {});
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
        ofOperation[answer.status] = (ofOperation[answer.status] ?? 0) + 1;
        for (const what of judge(answer)) {
          const violation = `${what}: ${tell(one, answer)}`;
          onViolation?.(violation);
          if (violations.length < 50) violations.push(violation);
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    onProgress?.(done + size, statuses);
  }
  agent.destroy();
  return { statuses, operations, violations };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function judge({ status, headers, body }: Answer): string[] {
  const wrong: string[] = [];
  if (status >= 500) wrong.push('a 5xx');
  if (status >= 400 && !isProblem(status, headers, body)) wrong.push('a refusal that is no problem');
  if (headers['cache-control'] !== 'no-store' && !String(headers['cache-control']).startsWith('public'))
    wrong.push('an answer that may be stored');
  if (status < 600 && headers['x-request-id'] === undefined) wrong.push('an answer without x-request-id');
  return wrong;
}

function isProblem(status: number, headers: Answer['headers'], body: string): boolean {
  if (headers['content-length'] === '0' || body === '') return false;
  if (!String(headers['content-type']).startsWith('application/problem+json')) return false;
  const problem = JSON.parse(body) as { status?: number; code?: string };
  return problem.status === status && typeof problem.code === 'string';
}

function tell({ method, path, headers, body }: FuzzedRequest, answer: Answer): string {
  const short = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}… (${text.length})` : text);
  return (
    short(`${answer.status} ${answer.body.slice(0, 150)} to ${method} ${path} ${JSON.stringify(headers)}`) +
    short(` ${String(body)}`)
  );
}

async function send(url: string, agent: Agent, { method, path, headers, body }: FuzzedRequest): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname,
        port,
        method,
        path: path.replace(/#.*$/, ''),
        agent,
        headers: { ...headers, 'content-length': body === undefined ? 0 : Buffer.byteLength(body) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
