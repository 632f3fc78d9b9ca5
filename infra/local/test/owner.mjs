// Starts one server as a supervisor does, says its pid, and waits to be killed. What it is to start comes as JSON in its argument.
import { startServerProcess } from '../src/process/server-process.ts';

const server = await startServerProcess({ env: process.env, ...JSON.parse(process.argv[2]) });
process.stdout.write(`${server.pid}\n`);
setInterval(() => undefined, 60_000);
