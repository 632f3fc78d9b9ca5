// The mail server of the chaos suite, as a process of its own, so that it can be killed like the others. What it takes it appends to a
// file before it says so; how it misbehaves it is told over HTTP.
import { appendFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { z } from 'zod';
import { type Deviation, script, type Stage } from './script.ts';
import { serveSmtp } from './smtp-session.ts';

const settings = z
  .object({ SMTP_PORT: z.coerce.number(), CONTROL_PORT: z.coerce.number(), TAKEN_FILE: z.string(), SCRIPT: z.string() })
  .parse(process.env);
let deviations: readonly Deviation[] = script.parse(JSON.parse(settings.SCRIPT));
const sockets = new Set<Socket>();
const seen: Partial<Record<Stage, number>> = {};

const smtp = createServer((socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  serveSmtp(socket, {
    deviate(stage, to) {
      seen[stage] = (seen[stage] ?? 0) + 1;
      const fits = (one: Deviation): boolean => one.stage === stage && to.startsWith(one.to ?? '');
      return deviations.find((one) => fits(one) && Math.random() < one.share)?.does;
    },
    take: (mail) => appendFileSync(settings.TAKEN_FILE, `${JSON.stringify(mail)}\n`),
  });
});
smtp.listen(settings.SMTP_PORT, '127.0.0.1', () => {
  createHttpServer((request, response) => {
    if (request.method !== 'PUT') {
      response.end(JSON.stringify(seen));
      return;
    }
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const hung = deviations.some(({ does }) => does === 'hang');
      deviations = script.parse(JSON.parse(body));
      // Whoever was left hanging would wait for ten minutes.
      if (hung) for (const socket of sockets) socket.destroy();
      response.end();
    });
  }).listen(settings.CONTROL_PORT, '127.0.0.1');
});
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());
