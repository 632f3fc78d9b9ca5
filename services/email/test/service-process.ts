import type { Config } from '../src/config.ts';
import { start } from '../src/service.ts';
import { quick } from './quick.ts';

/** What a test tells the process in its one argument. */
export interface ProcessArgument {
  readonly config: Omit<Config, 'recipientKey'>;
  readonly recipientKey: string;
  readonly leaseMs: number;
}

/** The service as a process of its own, so that a test can kill it. */
const [, , argument = '{}'] = process.argv;
const { config, recipientKey, leaseMs } = JSON.parse(argument) as ProcessArgument; // Written by the test that started us.
await start({ ...config, recipientKey: new Uint8Array(Buffer.from(recipientKey, 'base64url')) }, quick(leaseMs));
