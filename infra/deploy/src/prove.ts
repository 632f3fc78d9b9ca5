// `node infra/run.mjs infra/deploy/src/prove.ts`: brings docker-compose.yml up from nothing and holds it to its promises, then takes it
// down with its volumes. Ends with 0 when all held, with 1 when one did not, with 0 and a word where there is no Docker.
//
//   1. It comes up healthy, and `npm run demo` travels through it.
//   2. People register while a node of NATS, a replica of each service and then another node are killed (SIGKILL) and started again. They ask again when
//      they got no answer. Afterwards each of them has a mail, and the audit accounts for every event and mail.
//   3. People register while every replica is restarted. Nobody asks twice, and nobody is refused.
//
// COMPOSE_PROJECT_NAME, COMPOSE_FILE and the ports of docker-compose.yml are as compose takes them. KEEP=1 leaves it up.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose, ends, rollingRestart, root } from './compose.ts';
import { mailedAddresses } from './mailed-addresses.ts';
import { startPeople } from './people.ts';

const say = (text: string): void => void process.stdout.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`);
// This file is the proof's edge, as main.ts is a service's.
const { env } = process; // oxlint-disable-line node/no-process-env
const patienceMs = 300_000;

if (spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0) await prove();
else say('Skipped: there is no Docker here.');

async function prove(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'postrider-proof-'));
  try {
    say('up, from nothing');
    await compose('down', '--volumes', '--remove-orphans');
    await compose('up', '--build', '--detach', '--wait', '--wait-timeout', '600');
    say('healthy');
    await travel(folder);
    await killUnderLoad();
    await restartUnderLoad();
    say('All promises were kept.');
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  } finally {
    if (env['KEEP'] !== '1') await compose('down', '--volumes');
    await rm(folder, { recursive: true, force: true });
  }
}

async function travel(folder: string): Promise<void> {
  await writeFile(join(folder, 'stack.json'), JSON.stringify(ends));
  run('demo', ['infra/demo/src/demo.ts', '--patience', '120'], { POSTRIDER_DATA_DIR: folder });
  say('the demo travelled through it');
}

async function killUnderLoad(): Promise<void> {
  await using people = startPeople({ prefix: 'killed', asksAgain: true });
  for (const victim of ['nats-2', 'user-1', 'email-1', 'nats-1']) {
    await people.untilMore(15);
    await compose('kill', '--signal', 'SIGKILL', victim);
    await people.untilMore(15);
    await compose('start', victim);
    await compose('up', '--detach', '--wait', '--no-recreate', '--no-deps', victim);
    say(`${victim} was killed and is back`);
  }
  const { told, unanswered } = await people.stop();
  say(`${told.length} people are registered; ${unanswered} times there was no answer, and they asked again`);
  await eachHasMail(told);
  run('audit', ['infra/ops/src/ops.ts', 'audit'], operatorsPlaces());
}

async function restartUnderLoad(): Promise<void> {
  await using people = startPeople({ prefix: 'restarted', asksAgain: false });
  await people.untilMore(5);
  await rollingRestart();
  await people.untilMore(5);
  const { told, unanswered, refused } = await people.stop();
  say(
    `rolling restart: ${told.length} people are registered, ${unanswered} got no answer, ${refused.length} another one`,
  );
  if (unanswered + refused.length > 0)
    throw new Error(`Requests failed while replicas restarted: ${refused.join(', ')}`);
  await eachHasMail(told);
  run('audit', ['infra/ops/src/ops.ts', 'audit'], operatorsPlaces());
}

async function eachHasMail(people: readonly string[]): Promise<void> {
  const deadline = Date.now() + patienceMs;
  let missing: string[];
  do {
    const mailed = await mailedAddresses(ends.mailboxUrl);
    missing = people.filter((email) => !mailed.has(email));
  } while (missing.length > 0 && Date.now() < deadline);
  if (missing.length > 0) throw new Error(`${missing.length} people have no mail: ${missing.slice(0, 5).join(', ')} …`);
  say(`each of the ${people.length} has a mail`);
}

function operatorsPlaces(): Record<string, string> {
  const { user, email } = ends.databaseUrls;
  return { USER_DATABASE_URL: user, EMAIL_DATABASE_URL: email, NATS_OPERATOR_URL: ends.natsOperatorUrl };
}

/** @throws with what it printed, when it ends with anything but 0 */
function run(name: string, args: readonly string[], more: Record<string, string>): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { ...env, ...more },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name} failed:\n${stdout}${stderr}`);
  process.stdout.write(stdout);
}
