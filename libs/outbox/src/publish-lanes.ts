import type { StoredEvent } from './event.ts';
import { laneOf } from './pending-events.ts';
import { isExpired, mayPublish, type Outcome, type RelayContext, type Round, settleExpired } from './relay-context.ts';
import type { Publication } from './stream-port.ts';

/**
 * Publishes events one by one: a lane an aggregate, one un-acknowledged publish a lane. Resolves when every publish has ended: going on
 * while a straggler is under way could put its successor before it. A stream's first failure stops all its lanes, so that an
 * outage costs one time-out and not one an event.
 */
export async function publishLanes(
  context: RelayContext,
  round: Round,
  events: readonly StoredEvent[],
  outcome: Outcome,
): Promise<void> {
  const lanes = Map.groupBy(events, laneOf);
  const queue = lanes.values();
  const work = async (): Promise<void> => {
    for (const lane of queue) await publishLane(context, round, lane, outcome); // The iterator is shared: each lane is taken once.
  };
  await Promise.all(Array.from({ length: Math.min(context.lanes, lanes.size) }, work));
}

async function publishLane(
  context: RelayContext,
  round: Round,
  lane: readonly StoredEvent[],
  outcome: Outcome,
): Promise<void> {
  for (const event of lane) {
    if (!mayPublish(context, round, event.stream)) return;
    if (isExpired(event)) {
      settleExpired(context, outcome, event);
      continue;
    }
    try {
      const publication = await context.port.publish(event);
      round.taking.add(event.stream);
      if (!publication.stored) {
        outcome.poison.push({ event, reason: publication.reason });
        round.parkedLanes.add(laneOf(event));
        return; // The later events of this aggregate wait behind it.
      }
      acknowledge(outcome, event, publication);
    } catch (error) {
      if (!round.failures.has(event.stream)) round.failures.set(event.stream, error);
      return;
    }
  }
}

function acknowledge(
  { settled, acknowledged }: Outcome,
  event: StoredEvent,
  { position, isDuplicate = false }: Publication & { stored: true },
): void {
  settled.push(event.id);
  if (position !== undefined) acknowledged.push({ event, position, isDuplicate });
}
