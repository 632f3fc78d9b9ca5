import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsServerLookup } from '@postrider/local';
import type { FleetOptions } from '../fleet/start-fleet.ts';

/** What every command works with. */
export interface CommandContext {
  /** The root of the repository. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly startedAt: Date;
  readonly print: (line: string) => void;
  /** Aborts when somebody wants it to end. */
  readonly signal: AbortSignal;
}

/** A folder for logs and data, and what a fleet in it is started with. */
export interface Workplace {
  readonly surroundings: Omit<FleetOptions, 'nodes'>;
  /** Removes the folder, or says where it is. */
  leave(keep: boolean): Promise<void>;
}

export async function openWorkplace({ root, env, print }: CommandContext): Promise<Workplace> {
  const dataDir = await mkdtemp(join(tmpdir(), 'postrider-chaos-'));
  // As root PostgreSQL runs as another account, which must be able to pass.
  await chmod(dataDir, 0o711);
  return {
    surroundings: {
      root,
      dataDir,
      env,
      natsServer: natsServerLookup(env),
      onTrouble: (text) => print(`  ! ${text}`),
    },
    async leave(keep) {
      if (keep) print(`Logs and data: ${dataDir}`);
      else await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Where a report goes that nobody has named a place for. */
export function inResults({ root }: CommandContext, name: string): string {
  return join(root, 'infra/chaos/results', `${name}.md`);
}

/** Minutes and seconds since a moment of `performance.now()`. */
export function clock(since: number): string {
  const seconds = Math.floor((performance.now() - since) / 1_000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
