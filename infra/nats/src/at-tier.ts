import { type Tier, tierKey, type Topology } from '@postrider/messaging';

/**
 * The declared topology as a deployment of that tier has it: the files say what a stream is, the tier how much its acknowledgements are
 * worth. From T1 on every stream has three replicas; consumers have as many as their stream.
 */
export function atTier({ streams, consumers }: Topology, tier: Tier): Topology {
  const replicas = tier === 'T0' ? 1 : 3;
  return {
    streams: streams.map((stream) => ({
      ...stream,
      num_replicas: replicas,
      ...(stream.metadata?.[tierKey] !== undefined && { metadata: { ...stream.metadata, [tierKey]: tier } }),
    })),
    consumers,
  };
}
