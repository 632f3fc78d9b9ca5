import { randomInt } from 'node:crypto';
import { reservePort } from '../process/free-port.ts';
import { highestPortOffset, portsAt } from './ports.ts';

/** A PORT_OFFSET at which all ports of a stack are this process's to give, for one that should run beside whatever runs already. */
export async function freePortOffset(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    // From 10000 on, no port falls on what other programs are known to use (3000, 5432, 8080 and the like).
    const offset = randomInt(10_000, highestPortOffset);
    const reserved = await Promise.all(Object.values(portsAt(offset)).map(reservePort));
    if (reserved.every(Boolean)) return offset;
  }
  throw new Error('No PORT_OFFSET at which all ports of a stack are free was found in 100 attempts.');
}
