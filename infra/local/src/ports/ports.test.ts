import { expect, test } from 'vitest';
import { basePorts, highestPortOffset, portsAt } from './ports.ts';
import { listeningInodes } from './port-holder.ts';

test('PORT_OFFSET moves every port by the same distance', () => {
  const ports = portsAt(100);
  expect(ports).toMatchObject({ public: 3100, smtp: 1125, postgres: 54_429 });
  expect(Object.keys(ports).sort((a, b) => a.localeCompare(b))).toEqual(
    Object.keys(basePorts).sort((a, b) => a.localeCompare(b)),
  );
});

test('the highest offset is the last that leaves every port valid', () => {
  expect(Math.max(...Object.values(portsAt(highestPortOffset)))).toBe(65_535);
});

test('only sockets that listen on the port itself are found in the table of the kernel', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000 100 0 0 10 0
   1: 0100007F:1F59 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000 100 0 0 10 0
   2: 0100007F:0BB8 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000 100 0 0 10 0`;
  expect(listeningInodes(table, 3000)).toEqual(['4711']);
});
