import type { StackInfo } from '@postrider/local';
import { z } from 'zod';
import { StepFailure } from './step-failure.ts';
import type { StreamReader } from './stream-reader.ts';
import type { Facts, Timeline } from './timeline.ts';

/** What every step is taken with. */
export interface Journey {
  readonly info: StackInfo;
  readonly mailboxUrl: string;
  /** Where the stack keeps its logs. */
  readonly logs: string;
  readonly streams: StreamReader;
  readonly timeline: Timeline;
  /** How long a step may take before it counts as failed. */
  readonly patienceMs: number;
  /** Gives up the whole journey. */
  readonly signal: AbortSignal;
}

export interface Step<T> {
  readonly title: string;
  /** Ends the sentence "expected …". */
  readonly expected: string;
  /** Files and commands that tell more when it fails. */
  readonly look: readonly string[];
  /** Does it, or waits for it. What came instead of the expected is thrown as an error with that message. */
  readonly work: (signal: AbortSignal) => Promise<T>;
  readonly tell: (result: T) => Facts;
  /** What was seen meanwhile, for a step that waited in vain. */
  readonly seen?: (signal: AbortSignal) => Promise<string>;
}

/**
 * Takes a step and tells it at the moment it succeeds.
 *
 * @throws {StepFailure} told already, when something else came or nothing in time
 */
export async function take<T>({ timeline, patienceMs, signal }: Journey, step: Step<T>): Promise<T> {
  const timeout = AbortSignal.timeout(patienceMs);
  try {
    const result = await step.work(AbortSignal.any([timeout, signal]));
    timeline.step(step.title, step.tell(result));
    return result;
  } catch (error) {
    signal.throwIfAborted();
    const came = timeout.aborted ? await nothingInTime(step, patienceMs) : describe(error);
    const failure = new StepFailure({ step: step.title, expected: step.expected, came, look: step.look });
    timeline.failure(failure);
    throw failure;
  }
}

/** Waits for steps that happen side by side, each told when it happens; all of them are waited for, also when one fails. */
export async function sideBySide<const Steps extends readonly Promise<unknown>[]>(
  steps: Steps,
): Promise<{ [Index in keyof Steps]: Awaited<Steps[Index]> }> {
  await Promise.allSettled(steps);
  return Promise.all(steps);
}

async function nothingInTime<T>({ seen }: Step<T>, patienceMs: number): Promise<string> {
  const nothing = `nothing within ${patienceMs / 1_000} s`;
  if (seen === undefined) return nothing;
  const instead = await seen(AbortSignal.timeout(2_000)).catch((error: unknown) => describe(error));
  return `${nothing}; ${instead}`;
}

/** With its causes: `fetch failed` alone tells nobody what failed. */
function describe(error: unknown): string {
  if (error instanceof z.ZodError)
    return `what does not fit: ${error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`;
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `, ${error.cause.message}` : '';
  return `${error.message.replace(/\.$/, '')}${cause}`;
}
