import { bullmq } from './bullmq.ts';
import { graphileWorker } from './graphile-worker.ts';
import { jetstreamAlone } from './jetstream-alone.ts';
import { noEvents } from './no-events.ts';
import type { Peer } from './peer.ts';
import { pgBoss } from './pg-boss.ts';
import { postrider, postriderInOne } from './postrider/postrider.ts';
import { procrastinate } from './procrastinate/procrastinate.ts';

export const peers: readonly Peer[] = [
  postrider(),
  postrider(5),
  postrider(20),
  postriderInOne(),
  noEvents,
  jetstreamAlone,
  graphileWorker,
  pgBoss('by notify'),
  pgBoss('by polling'),
  procrastinate,
  bullmq,
];

/** @throws when there is none of that name, naming those that are */
export function peerNamed(name: string): Peer {
  const peer = peers.find((one) => one.name === name);
  if (peer === undefined)
    throw new Error(`No peer is called "${name}"; there are ${peers.map((one) => one.name).join('; ')}.`);
  return peer;
}
