import { setTimeout as sleep } from 'node:timers/promises';
import { listenError } from '../process/free-port.ts';
import { portHolder } from './port-holder.ts';

/** Where everything of the stack listens, PORT_OFFSET aside. */
export const basePorts = {
  public: 3000,
  gateway: 3001,
  admin: 3002,
  email: 3010,
  mailbox: 8025,
  smtp: 1025,
  nats: 4222,
  natsMonitor: 8222,
  postgres: 54_329,
} as const;

export type PortName = keyof typeof basePorts;
export type Ports = Readonly<Record<PortName, number>>;

/** The highest PORT_OFFSET that leaves every port below 65536. */
export const highestPortOffset = 65_535 - basePorts.postgres;

const purposes: Readonly<Record<PortName, string>> = {
  public: 'the user service',
  gateway: "the user service's gateway API",
  admin: "the user service's admin API",
  email: 'the email service',
  mailbox: 'the mailbox',
  smtp: "the mailbox's SMTP",
  nats: 'NATS',
  natsMonitor: 'the monitoring of NATS',
  postgres: 'PostgreSQL',
};

export function portsAt(offset: number): Ports {
  return {
    public: basePorts.public + offset,
    gateway: basePorts.gateway + offset,
    admin: basePorts.admin + offset,
    email: basePorts.email + offset,
    mailbox: basePorts.mailbox + offset,
    smtp: basePorts.smtp + offset,
    nats: basePorts.nats + offset,
    natsMonitor: basePorts.natsMonitor + offset,
    postgres: basePorts.postgres + offset,
  };
}

/** The port of that offset that is spoken to by HTTP, and that no browser and no `fetch` would open. */
export function portNobodyMayAsk(offset: number): number | undefined {
  const { public: client, gateway, admin, email, mailbox, natsMonitor } = portsAt(offset);
  return [client, gateway, admin, email, mailbox, natsMonitor].find((port) => badPorts.has(port));
}

/** Those above 3000 of https://fetch.spec.whatwg.org/#bad-port. */
const badPorts = new Set([3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080]);

/**
 * Makes sure that the named ports can be listened on. A taken one gets two seconds: what was killed a moment ago may hold it still.
 *
 * @throws an error that names every port that can't, what it is for, and who holds it
 */
export async function refuseTakenPorts(ports: Ports, needed: readonly PortName[]): Promise<void> {
  const deadline = Date.now() + 2_000;
  let taken = await takenPorts(ports, needed);
  while (taken.length > 0 && Date.now() < deadline) {
    await sleep(100);
    taken = await takenPorts(ports, needed);
  }
  if (taken.length === 0) return;
  const complaints = await Promise.all(taken.map(async ({ name, error }) => complaintAbout(name, ports[name], error)));
  throw new Error(
    `${complaints.join('\n')}\nStop what holds ${taken.length === 1 ? 'it' : 'them'}, or move all ports of Postrider with the variable PORT_OFFSET: ` +
      'PORT_OFFSET=100 npm start.',
  );
}

async function takenPorts(ports: Ports, names: readonly PortName[]): Promise<{ name: PortName; error: string }[]> {
  const errors = await Promise.all(names.map(async (name) => ({ name, error: await listenError(ports[name]) })));
  return errors.flatMap(({ name, error }) => (error === undefined ? [] : [{ name, error }]));
}

async function complaintAbout(name: PortName, port: number, error: string): Promise<string> {
  const which = `Port ${port}, for ${purposes[name]} (${basePorts[name]} + PORT_OFFSET),`;
  if (error !== 'EADDRINUSE') return `${which} can't be listened on: ${error}.`;
  const holder = await portHolder(port);
  return `${which} is taken by ${holder ?? 'a process that this user may not see'}.`;
}
