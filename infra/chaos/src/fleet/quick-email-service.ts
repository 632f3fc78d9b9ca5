// The email service as it is, but that nobody waits half a minute for the lease of a process that was killed, nor five for a server
// that asked for patience: a test has forty seconds in all.
import { start } from '@postrider/email';
import { configSchema } from '@postrider/email/config';
import { parseConfig, run } from '@postrider/runtime';
import { consumerDeclaration } from '@postrider/topology';

// This file is the edge of a process, as main.ts is.
const { env } = process; // oxlint-disable-line node/no-process-env
const leaseMs = Number(env['CHAOS_LEASE_MS']);
const ackWait = Number(env['CHAOS_ACK_WAIT_MS']) * 1e6;

run('email', env, async () =>
  start(parseConfig(configSchema, env), {
    policy: { leaseMs, minDelayFactor: 0, firstDelayMs: 50, longestDelayMs: 500, graceMs: 500 },
    declaration: (durable) => {
      const declared = consumerDeclaration(durable);
      return { ...declared, config: { ...declared.config, ack_wait: ackWait } };
    },
  }),
);
