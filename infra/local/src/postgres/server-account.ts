import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The account that PostgreSQL runs as: ourselves (undefined), unless we are root, as whom it refuses to run. Then an account that the
 * system has anyway, so that none is made on somebody's machine.
 */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const account = await lookUp(name);
    if (account !== undefined) return account;
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and there is no account postgres or nobody to run it as. Start as another user.',
  );
}

/** Whether this account can list and enter a folder; what stands in the way is often a parent with mode 0700. */
export async function canEnter(account: Account | undefined, folder: string): Promise<boolean> {
  return succeeds('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], account);
}

/** Whether this account can run a program at all. */
export async function canRun(account: Account | undefined, program: string): Promise<boolean> {
  return succeeds(program, ['--version'], account);
}

async function lookUp(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => promisify(execFile)('id', [flag, name])));
    return { name, uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
  } catch {
    return undefined; // id fails for an unknown name.
  }
}

async function succeeds(program: string, args: string[], account: Account | undefined): Promise<boolean> {
  try {
    await promisify(execFile)(program, args, { cwd: '/', uid: account?.uid, gid: account?.gid });
    return true;
  } catch {
    return false;
  }
}
