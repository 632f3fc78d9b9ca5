/** Where the servers of one measurement are. Each measurement has its own, with empty disks. */
export interface Places {
  /** The superuser's, so that a peer may create what it likes. */
  readonly databaseUrl: string;
  readonly natsUrl?: string | undefined;
  /** How many replicas a stream has. */
  readonly natsReplicas?: 1 | 3 | undefined;
  readonly redisPort?: number | undefined;
  /** A Python that has procrastinate. */
  readonly python?: string | undefined;
}

/** What a peer may need besides PostgreSQL. */
export type Need = 'nats' | 'redis' | 'python';

/** @throws when there is no NATS */
export function natsAt({ natsUrl }: Pick<Places, 'natsUrl'>): string {
  if (natsUrl === undefined) throw new Error('This peer needs NATS.');
  return natsUrl;
}
