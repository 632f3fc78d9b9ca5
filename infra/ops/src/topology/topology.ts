import { parseArgs } from 'node:util';
import type { NatsConnection } from '@nats-io/transport-node';
import { applyTopology, DestructiveChangeError, planTopology, type Tier, type Topology } from '@postrider/messaging';
import { atTier, topology as declared } from '@postrider/topology';
import { pino } from 'pino';
import { type Command, type Surroundings, UsageError } from '../command.ts';
import { withProvisioner } from '../nats.ts';
import { renderManifests } from './render-manifests.ts';
import { isAsDeclared, planAsJson, tellPlan } from './tell-plan.ts';

/** Streams and durables: what the files under infra/nats declare, and what the server has. */
export const topology: Command = {
  name: 'topology',
  usage: 'plan|apply|verify|render …',
  summary: 'declared streams and consumers: compare, apply, verify; render for NACK',
  async run(args, surroundings) {
    const asked = parse(args);
    const { action } = asked;
    if (action === 'render') return renderManifests(surroundings.print, asked);
    return withProvisioner(surroundings, async (nc) => actions[action](nc, asked, surroundings));
  },
};

interface Asked {
  readonly action: 'plan' | 'apply' | 'verify' | 'render';
  readonly wanted: Topology;
  readonly mayDestroy: boolean;
  readonly isCheck: boolean;
  readonly isJson: boolean;
}

type Action = (nc: NatsConnection, asked: Asked, surroundings: Surroundings) => Promise<number>;

const actions: Readonly<Record<Exclude<Asked['action'], 'render'>, Action>> = {
  async plan(nc, { wanted, isJson }, { print }) {
    const plan = await planTopology(nc, wanted);
    for (const line of isJson ? [planAsJson(plan)] : tellPlan(plan)) print(line);
    return 0;
  },

  async verify(nc, { wanted, isJson }, { print }) {
    const plan = await planTopology(nc, wanted);
    for (const line of isJson ? [planAsJson(plan)] : tellPlan(plan)) print(line);
    return isAsDeclared(plan) ? 0 : 1;
  },

  async apply(nc, { wanted, mayDestroy, isJson }, { print }) {
    const plan = await planTopology(nc, wanted);
    for (const line of isJson ? [planAsJson(plan)] : tellPlan(plan)) print(line);
    try {
      await applyTopology({ nc, topology: wanted, mayDestroy, log: pino({ level: 'silent' }) });
    } catch (error) {
      if (!(error instanceof DestructiveChangeError)) throw error;
      throw new Error(`${error.message} If it may be, say --destroy.`, { cause: error });
    }
    if (!isJson) print(isAsDeclared(plan) ? 'Nothing to do.' : 'Applied.');
    return 0;
  },
};

const usage = 'npm run ops -- topology plan|apply|verify|render [--tier T0|T1|T2] [--destroy] [--check] [--json]';

function parse(args: readonly string[]): Asked {
  const { values, positionals } = parseOrRefuse(args);
  const [action, ...more] = positionals;
  if (!isAction(action) || more.length > 0) throw new UsageError(usage);
  const { tier, destroy: mayDestroy, check: isCheck, json: isJson } = values;
  if (tier !== undefined && !isTier(tier)) throw new UsageError(`--tier is T0, T1 or T2, not "${tier}".`);
  return { action, wanted: tier === undefined ? declared : atTier(declared, tier), mayDestroy, isCheck, isJson };
}

function parseOrRefuse(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      options: { tier: { type: 'string' }, destroy: flag, check: flag, json: flag },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

function isAction(word: string | undefined): word is Asked['action'] {
  return ['plan', 'apply', 'verify', 'render'].includes(word ?? '');
}

function isTier(word: string): word is Tier {
  return ['T0', 'T1', 'T2'].includes(word);
}
