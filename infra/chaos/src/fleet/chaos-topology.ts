import type { Topology } from '@postrider/messaging';
import { topology } from '@postrider/topology';

export interface TopologyOptions {
  readonly nodes: number;
  /** For a short run: how soon a message whose handler was killed comes again. Undefined: as declared. */
  readonly ackWaitMs?: number | undefined;
}

/** What is declared, on as many nodes as there are. */
export function chaosTopology({ nodes, ackWaitMs }: TopologyOptions): Topology {
  const replicas = nodes >= 3 ? { num_replicas: 3 } : {};
  const patience = ackWaitMs === undefined ? {} : { ack_wait: ackWaitMs * 1e6 };
  return {
    streams: topology.streams.map((stream) => ({ ...stream, ...replicas })),
    consumers: topology.consumers.map((consumer) => ({ ...consumer, config: { ...consumer.config, ...patience } })),
  };
}
