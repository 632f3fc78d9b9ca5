import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The statuses of answers that must not tell by when they come whether an address has an account. */
    even?: readonly number[];
  }
}

/**
 * Lets the answers that a route names in `config.even` leave at full tenths of a second since their request came, for routes that are
 * added after it.
 *
 * The theory. Whatever the state of an address, as many statements run and as many hashes are made. That is not yet the same time: an event
 * that is recorded is also published, by the same process and just then, and a row that is written is not as long as another. Some
 * measurements tell one millisecond of ten. So the work has a tenth of a second, which is several times what it takes, and what it did with
 * it is not to be seen. Where the machine is so busy that it takes longer, the answer waits for the next tenth. Nothing is held meanwhile but
 * the connection.
 */
export function evenAnswers(api: FastifyInstance): void {
  api.addHook('onSend', async ({ routeOptions }, reply) => {
    if (routeOptions.config.even?.includes(reply.statusCode) === true)
      await sleep(tenthMs - (reply.elapsedTime % tenthMs));
  });
}

const tenthMs = 100;
