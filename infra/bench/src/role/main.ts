// The entry of a role's process: `main.ts <peer> <places as JSON>`, driven by role-process.ts.
import type { Places } from '../places.ts';
import { createRole, type Role } from './role.ts';

const [peerName = '', places = '{}'] = process.argv.slice(2);
const role = createRole(peerName, JSON.parse(places) as Places); // As role-process.ts writes it.

interface Call {
  readonly id: number;
  readonly name: keyof Role;
  readonly values: readonly unknown[];
}

process.on('message', (call: Call) => void answer(call));
process.on('disconnect', () => process.exit(0));

async function answer({ id, name, values }: Call): Promise<void> {
  try {
    const call = role[name] as (...values: readonly unknown[]) => Promise<unknown>; // The typed side knows what each takes.
    process.send?.({ id, answer: await call(...values) });
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}
