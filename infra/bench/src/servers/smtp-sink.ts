// Takes mail and forgets it, in a process of its own; tells its parent how many it has and when the first and the last came.
import { SMTPServer } from 'smtp-server';
import { now } from '../measure/clock.ts';

let [count, firstAt, lastAt] = [0, 0, 0];
const server = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  logger: false,
  onData(stream, _session, callback) {
    stream.resume();
    stream.on('end', () => {
      lastAt = now();
      firstAt = count++ === 0 ? lastAt : firstAt;
      callback(null);
    });
  },
});
server.on('error', () => undefined); // Of a connection that its client has left.
server.listen(0, '127.0.0.1', () => {
  const address = server.server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined });
});
process.on('message', (wish) => {
  if (wish === 'forget') count = 0;
  process.send?.({ count, firstAt, lastAt });
});
process.on('disconnect', () => process.exit(0));
