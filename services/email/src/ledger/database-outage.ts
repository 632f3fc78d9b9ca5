import { setTimeout as sleep } from 'node:timers/promises';
import { type Delivery, UnavailableError } from '@postrider/messaging';
import { isDatabaseOutage } from '@postrider/runtime/database';

/** Runs a step before anything was sent: a database that does not answer is nobody's fault, and the step is safe to repeat. */
export async function whileDatabaseAnswers<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!isDatabaseOutage(error)) throw error;
    throw new UnavailableError('database', 'The database does not answer.', { cause: error });
  }
}

/**
 * Runs a step after something was sent, until the database takes it: the outcome is known to this process alone, and forgetting it
 * would make the mail ambiguous. The step must be safe to repeat, since a connection lost in a commit says nothing.
 *
 * @throws {UnavailableError} when the service stops before; then the attempt is left to step 6
 */
export async function untilStored<T>(step: () => Promise<T>, { log, signal }: Delivery): Promise<T> {
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 2_000)) {
    try {
      return await whileDatabaseAnswers(step);
    } catch (error) {
      if (!(error instanceof UnavailableError) || signal.aborted) throw error;
      log.warn({ err: error }, 'outcome not stored yet: trying again');
      await sleep(waitMs, undefined, { signal }).catch(() => undefined); // Told to stop: one last try.
    }
  }
}
