import { expect, test } from 'vitest';
import { debianSource } from './debian-package.ts';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

test("the system's mirror is found in deb822 sources", () => {
  const file = `Types: deb
URIs: http://deb.debian.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: ${keyring}

Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: ${keyring}`;
  expect(debianSource([file])).toEqual({ uri: 'http://mirror.example/debian', keyring });
});

test("the system's mirror is found in one-line sources", () => {
  const file =
    '# deb http://old.example/debian bookworm main\ndeb [arch=amd64] https://mirror.example/debian/ bookworm main contrib\n';
  expect(debianSource([file])).toEqual({ uri: 'https://mirror.example/debian/', keyring });
});

test('a dated snapshot of the archive is one too', () => {
  const uri = 'https://snapshot.debian.org/archive/debian/20260101T000000Z';
  expect(debianSource([`deb ${uri} bookworm main`]).uri).toBe(uri);
});

test('the repository of a third party is none, wherever it lives', () => {
  const foreign = 'deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.example/linux/debian bookworm stable';
  expect(debianSource([foreign, '']).uri).toBe('http://deb.debian.org/debian');
});

test('a disabled source and a source of sources are passed over', () => {
  const disabled = 'Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main';
  const sources = 'Types: deb-src\nURIs: http://src.example/debian\nSuites: bookworm\nComponents: main';
  expect(debianSource([disabled, sources]).uri).toBe('http://deb.debian.org/debian');
});
