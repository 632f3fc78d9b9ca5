import type { StagedBatch, StoredEvent, StreamPort, StreamState } from '../src/index.ts';

/**
 * A stream in memory that takes batches, as the port's contract has it: one by one under a message id it knows is a duplicate; a batch with
 * such an id is refused whole. It complains when a batch is committed while another one is.
 */
export function batchingStream() {
  const messages: StoredEvent[] = [];
  const positions = new Map<string, number>();
  let committing = 0;
  const store = (event: StoredEvent): number => {
    messages.push(event);
    positions.set(event.messageId, messages.length);
    return messages.length;
  };
  const stream = {
    messages,
    batches: [] as number[],
    singles: 0,
    complaints: [] as string[],
    takesBatches: true,
    /** Replaced by a test that wants something to happen there. */
    beforeStage: (_events: readonly StoredEvent[]): void => undefined,
    beforeCommit: async (_events: readonly StoredEvent[]): Promise<void> => undefined,
    afterCommit: async (_events: readonly StoredEvent[]): Promise<void> => undefined,
    beforePublish: async (_event: StoredEvent): Promise<string | undefined> => undefined,
    async publish(event: StoredEvent) {
      stream.singles++;
      const reason = await stream.beforePublish(event);
      if (reason !== undefined) return { stored: false as const, reason };
      const known = positions.get(event.messageId);
      return { stored: true as const, position: known ?? store(event), isDuplicate: known !== undefined };
    },
    stageBatch(events: readonly StoredEvent[]): StagedBatch {
      stream.beforeStage(events);
      return {
        async commit() {
          if (++committing > 1) stream.complaints.push('committed before the former was acknowledged');
          try {
            await stream.beforeCommit(events);
            if (events.some(({ messageId }) => positions.has(messageId))) throw new Error('duplicate message id');
            const [first] = events.map(store);
            stream.batches.push(events.length);
            await stream.afterCommit(events);
            return { firstPosition: first ?? 0 };
          } finally {
            committing--;
          }
        },
      };
    },
    inspect: async (name: string): Promise<StreamState> => ({
      identity: name,
      lastPosition: messages.length,
      takesBatches: stream.takesBatches,
    }),
    numbersOf: (aggregateId: string): number[] =>
      messages.filter((one) => one.aggregateId === aggregateId).map(({ body }) => Number(JSON.parse(body).n)),
  };
  return stream satisfies StreamPort;
}
