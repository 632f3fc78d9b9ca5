import type { Topology } from '@postrider/messaging';
import { topology } from '@postrider/topology';

export interface TopologyOptions {
  readonly nodes: number;
  /** For a short run: how soon a message whose handler was killed comes again. Undefined: as declared. */
  readonly ackWaitMs?: number | undefined;
  /** So short that whatever is published again is a second message. Undefined: as declared. */
  readonly duplicateWindowMs?: number | undefined;
}

/** What is declared, on as many nodes as there are. */
export function chaosTopology({ nodes, ackWaitMs, duplicateWindowMs }: TopologyOptions): Topology {
  const replicas = nodes >= 3 ? { num_replicas: 3 } : {};
  const patience = ackWaitMs === undefined ? {} : { ack_wait: ackWaitMs * 1e6 };
  const window = duplicateWindowMs === undefined ? {} : { duplicate_window: duplicateWindowMs * 1e6 };
  return {
    streams: topology.streams.map((stream) => ({ ...stream, ...replicas, ...window })),
    consumers: topology.consumers.map((consumer) => ({ ...consumer, config: { ...consumer.config, ...patience } })),
  };
}
