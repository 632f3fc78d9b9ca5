// A server that does nothing: `ready` says when it listens, SIGTERM ends it, and so does the end of the channel it was started with.
import { createServer } from 'node:http';

const port = Number(process.env.PORT);
createServer((_request, response) => response.end('ok')).listen(port, '127.0.0.1', () =>
  process.stdout.write('ready\n'),
);
process.on('SIGTERM', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
