/** How long to wait before a server is started again after so many failures in a row: a moment at first, three seconds at most. */
export function restartDelayMs(failures: number): number {
  return Math.min(3_000, 100 * 2 ** failures);
}
