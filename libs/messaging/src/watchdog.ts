import type { Consumer } from '@nats-io/jetstream';

/**
 * The theory. A pull that comes back empty is usual, since there is usually nothing to do; so silence alone says nothing. After some empty
 * pulls in a row, and from then on after each, since they are longer, the server is asked whether something waits for us. It may have come
 * just now, so the next pulls tell: when they are empty as well, delivery is stalled. Two causes are somebody else's to cure and are
 * named: the consumer is paused, or its waiting room is full of unacknowledged messages. For any other the consumer is opened anew.
 */
export interface Watchdog {
  /**
   * Told how many messages a pull brought.
   *
   * @returns the stall, while there is one with a known cause
   * @throws when there is one without
   */
  look(taken: number): Promise<Stall | undefined>;
  /** Whether nothing has come since a look that found nothing waiting. */
  isQuiet(): boolean;
}

export interface Stall {
  readonly cause: string;
  /** Messages that wait for their first delivery. */
  readonly waiting: number;
  readonly unacknowledged: number;
}

const emptyPullsBeforeALook = 3;

export function createWatchdog(consumer: Pick<Consumer, 'info'>): Watchdog {
  let emptyPulls = 0;
  let hasWaited = false;
  let isQuiet = false;
  let stall: Stall | undefined;
  const calm = (): undefined => {
    emptyPulls = 0;
    hasWaited = false;
    return (stall = undefined);
  };
  return {
    isQuiet: () => isQuiet,
    async look(taken) {
      if (taken > 0) {
        isQuiet = false;
        return calm();
      }
      if (++emptyPulls < emptyPullsBeforeALook && !isQuiet) return stall;
      const { num_pending: waiting, num_ack_pending: unacknowledged, paused, config } = await consumer.info();
      isQuiet = waiting === 0;
      if (isQuiet) return calm();
      if (!hasWaited) {
        hasWaited = true;
        return stall;
      }
      const isFull = unacknowledged >= (config.max_ack_pending ?? Number.POSITIVE_INFINITY);
      if (!paused && !isFull) throw new Error('Delivery is stalled, without a known cause.');
      const cause = paused ? 'the consumer is paused' : `no more than ${unacknowledged} messages may be unacknowledged`;
      return (stall = { cause, waiting, unacknowledged });
    },
  };
}
