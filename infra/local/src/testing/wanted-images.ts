export interface TestImages {
  readonly postgres: string;
  readonly nats: string;
}

/**
 * What the environment says about the servers of the tests:
 *
 * - `TEST_INFRA`: `embedded`, the default, or `containers`, which needs a Docker daemon
 * - `TEST_POSTGRES_IMAGE`: of a container, instead of `postgres:18`; takes `POSTGRES_PASSWORD` as that one does
 * - `TEST_NATS_IMAGE`: of a container, instead of `nats:2.15`; takes the arguments of nats-server as that one does
 *
 * An empty variable counts as absent. Returns undefined when the servers are embedded.
 */
export function wantedImages(env: NodeJS.ProcessEnv): TestImages | undefined {
  const infra = env['TEST_INFRA'] || 'embedded';
  if (infra === 'embedded') return undefined;
  if (infra !== 'containers') throw new Error(`TEST_INFRA must be 'embedded' or 'containers', and is '${infra}'.`);
  return { postgres: env['TEST_POSTGRES_IMAGE'] || 'postgres:18', nats: env['TEST_NATS_IMAGE'] || 'nats:2.15' };
}
