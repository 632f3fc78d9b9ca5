import type { ConsumerDeclaration } from '@postrider/messaging';
import { topology } from '@postrider/topology';
import type { Overrides } from '../src/service.ts';

/** Long enough that a busy machine loses no lease, short enough for a test that needs one to end. */
export const calmLeaseMs = 5_000;
/** For tests that kill the owner of a lease and wait for its end. */
export const shortLeaseMs = 1_500;

/** No server is given five minutes here; and a message comes back soon after the lease that its owner left behind. */
export function quick(leaseMs: number, more: Partial<ConsumerDeclaration['config']> = {}): Required<Overrides> {
  const policy = {
    leaseMs,
    minDelayFactor: 0,
    firstDelayMs: 10,
    longestDelayMs: 50,
    graceMs: 500,
    scheduleEveryMs: 50,
  };
  return { policy, declaration: (durable) => declarationWith(durable, { ack_wait: (leaseMs + 500) * 1e6, ...more }) };
}

/** How long a polled expectation may take; a bound for a test that hangs, no assertion about speed. */
export const patiently = { timeout: 30_000 };

/** A durable as infra declares it, but for what the test says. */
function declarationWith(durable: string, changes: Partial<ConsumerDeclaration['config']>): ConsumerDeclaration {
  const declared = topology.consumers.find(({ config }) => config.durable_name === durable);
  if (declared === undefined) throw new Error(`The durable "${durable}" is not declared.`);
  return { ...declared, config: { ...declared.config, ...changes } };
}
