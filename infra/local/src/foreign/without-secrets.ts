/**
 * A URL, or several joined by commas, as it may be shown: password and every parameter that may hold one replaced by `***`. A name without a
 * password is replaced too, for NATS takes a token there.
 */
export function withoutSecrets(urls: string): string {
  return urls
    .split(',')
    .map((one) => masked(one.trim()))
    .join(',');
}

function masked(text: string): string {
  if (!URL.canParse(text)) return '***';
  const url = new URL(text);
  if (url.password !== '') url.password = '***';
  else if (url.username !== '' && /^(nats|tls):$/.test(url.protocol)) url.username = '***';
  for (const name of new Set(url.searchParams.keys()))
    if (/pass|secret|token|key/i.test(name)) url.searchParams.set(name, '***');
  return url.href;
}
