import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePortOffset } from '@postrider/local';
import { testFolder } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { person, runStack } from '../../../../infra/local/test/running-stack.ts';

// The numbers are those of the abuse cases that the API must withstand.

test('8 · Host, X-Forwarded-* and the absolute form change not a byte of the mail, but what is drawn anew for each', async () => {
  await using folder = await testFolder('forged-host');
  await using stack = await runStack({
    dataDir: join(folder.path, 'data'),
    portOffset: await freePortOffset(),
    env: { TRUSTED_PROXIES: '127.0.0.1', VERIFICATION_COOLDOWN_SECONDS: '0' },
  });
  const info = await stack.info();
  const ada = person(info, 'ada@example.com');
  await ada.register();
  await ada.confirm({ token: (await ada.secrets()).token });
  const port = Number(new URL(info.userUrl).port);
  const asked: [target: string, headers: string[]][] = [
    ['/v1/password-resets', [`Host: localhost:${port}`]],
    ['/v1/password-resets', ['Host: evil.example']],
    [
      '/v1/password-resets',
      [
        `Host: localhost:${port}`,
        'X-Forwarded-Host: evil.example',
        'X-Forwarded-Proto: https',
        'X-Forwarded-Port: 666',
        'X-Forwarded-Prefix: /evil',
        'Forwarded: for=203.0.113.7;host=evil.example;proto=https',
        'X-Original-URL: http://evil.example/',
        'Origin: https://evil.example',
        'Referer: https://evil.example/',
      ],
    ],
    ['http://evil.example/v1/password-resets', ['Host: evil.example']],
    ['http://evil.example/v1/password-resets', [`Host: localhost:${port}`]],
  ];
  const resets = async () => (await ada.mails()).filter(({ Subject }) => /password/i.test(Subject));
  const mails: string[] = [];
  for (const [target, headers] of asked) {
    expect([target, headers, await ask(port, target, headers)]).toEqual([target, headers, 202]);
    await expect.poll(async () => (await resets()).length).toBe(mails.length + 1);
    const [newest] = await resets();
    const raw = await fetch(`${info.mailboxUrl}/api/v1/message/${newest?.ID}/raw`);
    mails.push(withoutWhatIsDrawn(await raw.text()));
  }
  expect(mails[0]).toContain('http://localhost');
  for (const mail of mails) expect(mail).toBe(mails[0]);
});

/** Sends these very lines. */
async function ask(port: number, target: string, headers: readonly string[]): Promise<number> {
  const body = JSON.stringify({ email: 'ada@example.com' });
  const more = ['Content-Type: application/json', `Content-Length: ${body.length}`, 'Connection: close'];
  const socket = connect(port, '127.0.0.1');
  socket.write(`${[`POST ${target} HTTP/1.1`, ...headers, ...more].join('\r\n')}\r\n\r\n${body}`);
  return Number((await text(socket)).split(' ')[1]);
}

/** Less the token, the code, the ids and the times; quoted-printable breaks lines wherever they come to lie. */
function withoutWhatIsDrawn(mail: string): string {
  return mail
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/until \d+ \w+ \d+ at [\d:]+ UTC/g, 'until …')
    .replaceAll(/#reset=(3D)?[\w-]+/g, '#reset=…')
    .replaceAll(/\b\d{8}\b|\b\d{4}[\s ]\d{4}\b/g, '…')
    .replaceAll(
      /^(date|message-id|received|x-[\w-]*id|feedback-id|references|list-unsubscribe):.*(\r?\n[ \t].*)*/gim,
      '$1: …',
    )
    .replaceAll(/-{2,}[\w=.-]*[Pp]art[\w=.-]*|boundary="[^"]+"/g, 'boundary');
}
