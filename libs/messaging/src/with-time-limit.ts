/**
 * Waits for the work, but not for ever: a handler that hangs (a promise that nobody settles) would hold its place, and a few of them
 * the whole subscription, while health says that all is well. What exceeds the limit counts as failed; it can't be stopped,
 * and what it still does comes beside the next delivery, as after a crash. So the limit is far above what work can take.
 *
 * @throws when the limit is reached, and whatever the work throws before
 */
export async function withTimeLimit<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`It came to no end within ${limitMs} ms.`)), limitMs);
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
