import { cp, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

const repository = join(import.meta.dirname, '../../..');

/** The sources as they are, and what is installed for them: links between our own packages lead to the copies. */
export async function copyRepository(target: string): Promise<void> {
  const isSource = (path: string): boolean => !['.git', '.data', 'dist', 'coverage'].includes(basename(path));
  for (const name of [
    'libs',
    'services',
    'infra',
    'package.json',
    'pnpm-workspace.yaml',
    'tsconfig.base.json',
    'README.md',
  ])
    await cp(join(repository, name), join(target, name), { recursive: true, verbatimSymlinks: true, filter: isSource });
  await symlink(join(repository, 'node_modules'), join(target, 'node_modules'), 'dir');
}
