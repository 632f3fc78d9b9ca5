/** A line of worker.py: which event, and when its handler began, in milliseconds of the monotonic clock. */
export function parseHandled(line: string): { index: number; at: number } {
  const match = /^(\d+) (\d+)$/.exec(line);
  if (match === null) throw new Error(`The consumer in Python wrote "${line}".`);
  return { index: Number(match[1]), at: Number(match[2]) / 1e6 };
}
