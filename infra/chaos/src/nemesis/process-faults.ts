import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Member, MemberKind } from '../fleet/member.ts';
import type { UserReplica } from '../fleet/start-services.ts';
import { shuffled } from '../random.ts';
import type { Fault, Part, Scene } from './fault.ts';

/** Processes that are killed outright, kept away, or stopped in their tracks. */
export const processFaults: readonly Fault[] = [
  kill('user', 'user service', 2, 'nothing lost; duplicates only with the same id'),
  kill('email', 'email service', 2.5, 'at most one extra copy per ambiguous attempt, none of a notice'),
  kill('nats', 'NATS', 3, 'HTTP unaffected; catches up in order'),
  kill('postgres', 'database', 1, 'what was committed is there; connections come back'),
  kill('smtp', 'SMTP', 3, 'no attempt spent in an outage; ambiguity counted'),
  {
    name: 'relay-killed',
    part: 'relay',
    promise: 'another relay takes over; what was under way is sent again with its id',
    kind: 'kill',
    weight: 1.5,
    inject: async ({ fleet }) => (await relayHolder(fleet.users))?.member.kill() ?? false,
  },
  {
    name: 'relay-zombie',
    part: 'relay',
    promise:
      'the fence refuses the zombie’s writes; what it still publishes has its old id; order at first sight holds',
    kind: 'lasting',
    weight: 1,
    async inject(scene) {
      const holder = await untilRelayHolder(scene);
      if (holder === undefined) return false;
      using _frozen = holder.member.freeze();
      await scene.lasts(4_500, 7_000); // A lease lives for three seconds.
      return true;
    },
  },
  {
    name: 'email-zombie',
    part: 'email service',
    promise: 'an attempt whose lease is over is another’s; what the zombie records then is refused',
    kind: 'lasting',
    weight: 1,
    isPossible: ({ isQuick, progress }) => isQuick || progress() < 0.8,
    async inject(scene) {
      const member = upOf(scene, 'email');
      if (member === undefined) return false;
      using _frozen = member.freeze();
      await scene.lasts(33_000, 40_000); // A lease lives for thirty seconds.
      return true;
    },
  },
  {
    name: 'nats-frozen',
    part: 'NATS',
    promise: 'a server that is there and says nothing is an outage like any other',
    kind: 'lasting',
    weight: 1,
    async inject(scene) {
      const member = upOf(scene, 'nats');
      if (member === undefined) return false;
      using _frozen = member.freeze();
      await scene.lasts(4_000, 12_000);
      return true;
    },
  },
  {
    name: 'quorum-lost',
    part: 'NATS',
    promise: 'with two of three nodes dead nothing is acknowledged, and nothing lost; it goes on when one is back',
    kind: 'lasting',
    weight: 2,
    isPossible: ({ fleet }) => fleet.broker.members.length === 3,
    async inject(scene) {
      const [, ...two] = shuffled(scene.fleet.broker.members, scene.chance);
      const held = two.map((member) => member.holdDown());
      await scene.lasts(4_000, 10_000);
      for (const one of held) one[Symbol.dispose]();
      return true;
    },
  },
  away('nats-away', 'nats', 'NATS', 'HTTP unaffected; catches up in order'),
  away('smtp-refuses', 'smtp', 'SMTP', 'no attempt spent in an outage'),
  away('postgres-away', 'postgres', 'database', '503 while it is away, and the processes survive it'),
  away('email-away', 'email', 'email service', 'mails wait and are sent'),
  {
    name: 'power-failure',
    part: 'everything',
    promise: 'the conservation law',
    kind: 'lasting',
    weight: 1,
    async inject({ fleet }) {
      for (const member of fleet.members) member.kill();
      return true;
    },
  },
];

/** Waits a little for somebody to publish: after a kill the next one takes over when the lease is over. */
async function untilRelayHolder({ fleet, signal }: Scene): Promise<UserReplica | undefined> {
  for (let tries = 0; tries < 20 && !signal.aborted; tries++) {
    const holder = await relayHolder(fleet.users);
    if (holder !== undefined) return holder;
    await sleep(500, undefined, { signal }).catch(() => undefined); // Rejects only when the run is over.
  }
  return undefined;
}

/** The replica that publishes, by its own word; undefined while nobody does. */
export async function relayHolder(users: readonly UserReplica[]): Promise<UserReplica | undefined> {
  for (const user of users) {
    if (user.member.isUp() && (await publishes(user))) return user;
  }
  return undefined;
}

const readiness = z.object({ parts: z.object({ relay: z.object({ detail: z.string().optional() }) }) });

async function publishes({ adminUrl }: UserReplica): Promise<boolean> {
  try {
    const answer = await fetch(`${adminUrl}/readyz`, { signal: AbortSignal.timeout(1_000) });
    const { detail } = readiness.parse(await answer.json()).parts.relay;
    return detail !== undefined && !/stand|waiting for its lease|database/.test(detail);
  } catch {
    return false;
  }
}

function kill(kind: MemberKind, part: Part, weight: number, promise: string): Fault {
  return {
    name: `${kind}-killed`,
    part,
    promise,
    kind: 'kill',
    weight,
    inject: async (scene) => upOf(scene, kind)?.kill() ?? false,
  };
}

function away(name: string, kind: MemberKind, part: Part, promise: string): Fault {
  return {
    name,
    part,
    promise,
    kind: 'lasting',
    weight: 1,
    async inject(scene) {
      const members = scene.fleet.members.filter((member) => member.kind === kind);
      const held = members.map((member) => member.holdDown());
      await scene.lasts(3_000, 10_000);
      for (const one of held) one[Symbol.dispose]();
      return true;
    },
  };
}

function upOf({ fleet, chance }: Scene, kind: MemberKind): Member | undefined {
  return chance.pick(fleet.members.filter((member) => member.kind === kind && member.isUp()));
}
