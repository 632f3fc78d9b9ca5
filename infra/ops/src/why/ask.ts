import type { Part, Unanswered } from './facts.ts';

/** A part's answer, or none. */
export type Answer<T> = { readonly value: T } | { readonly value: undefined; readonly unanswered: Unanswered };

/** Asks a part. One that is down, unknown or slow costs its knowledge and nothing else. */
export async function ask<T>(
  part: Part,
  url: string | undefined,
  work: (url: string) => Promise<T>,
): Promise<Answer<T>> {
  if (url === undefined) return { value: undefined, unanswered: { part, reason: 'nobody said where it is' } };
  try {
    return { value: await work(url) };
  } catch (error) {
    return { value: undefined, unanswered: { part, reason: `${hostsOf(url)}: ${inWords(error)}` } };
  }
}

/** Without the password. */
function hostsOf(url: string): string {
  return url
    .split(',')
    .map((one) => new URL(one.trim()).host)
    .join(', ');
}

function inWords(error: unknown): string {
  // A host with several addresses fails with one error for each.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const text = first instanceof Error ? first.message || first.name : String(first);
  return text.replace(/\s+/g, ' ').slice(0, 200);
}
