/** What this process gave back to the server, for when it comes again. */
export interface HandedBack {
  /** How often its handler has failed. */
  readonly failures: number;
  /** Which delivery it was. The next one is explained by it; any other was somebody else's, or a crash's. */
  readonly delivery: number;
}

/** Bounded: what another replica settled is never forgotten here otherwise. */
export function remember(handedBack: Map<number, HandedBack>, sequence: number, entry: HandedBack): void {
  handedBack.delete(sequence);
  handedBack.set(sequence, entry);
  const [oldest] = handedBack.keys();
  if (handedBack.size > 10_000 && oldest !== undefined) handedBack.delete(oldest);
}
