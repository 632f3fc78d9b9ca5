/** Milliseconds of the system's monotonic clock: comparable between the processes of one machine. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
