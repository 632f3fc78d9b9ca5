/** How often the email service said that it had handled an event: more than once is a duplicate that its ledger absorbed. */
export interface HandledCounter {
  take(line: string): void;
  /** Handlings beyond the first of each event. */
  absorbed(): number;
}

export function countHandled(): HandledCounter {
  const times = new Map<string, number>();
  return {
    take(line) {
      if (!line.includes('"event handled"')) return;
      const id = /"eventId":"([^"]+)"/.exec(line)?.[1];
      if (id !== undefined) times.set(id, (times.get(id) ?? 0) + 1);
    },
    absorbed: () => times.values().reduce((sum, count) => sum + count - 1, 0),
  };
}
