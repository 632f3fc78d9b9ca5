import { getContainerRuntimeClient } from 'testcontainers';

/** @throws when no Docker daemon answers, before the first container is asked of it */
export async function requireDocker(): Promise<void> {
  try {
    await getContainerRuntimeClient();
  } catch (error) {
    throw new Error(
      'TEST_INFRA=containers needs a Docker daemon, and none answers. Start one, or say by DOCKER_HOST where it is; ' +
        'without TEST_INFRA the tests bring servers of their own.',
      { cause: error },
    );
  }
}
