import { z } from 'zod';
import type { ServiceHealth, Unanswered } from './facts.ts';

const readiness = z.object({
  status: z.enum(['ready', 'degraded', 'unready']),
  parts: z.record(z.string(), z.object({ status: z.string(), detail: z.string().optional() })),
});

/** A service's own word about itself. One that does not answer is an answer too. */
export async function askHealth(
  service: ServiceHealth['service'],
  url: string,
): Promise<{ health: ServiceHealth; unanswered?: Unanswered }> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3_000) });
    return { health: { service, ...readiness.parse(await response.json()) } };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = `${new URL(url).host}: ${cause instanceof Error ? cause.message : String(cause)}`;
    return {
      health: { service, status: 'no answer', parts: {} },
      unanswered: { part: `${service} service`, reason },
    };
  }
}
