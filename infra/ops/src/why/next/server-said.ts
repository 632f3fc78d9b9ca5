import type { AttemptFacts } from '../facts.ts';

/**
 * What the mail server answered to an attempt, as far as anybody kept it: reply code, enhanced code, and the step of the session. Its words
 * are kept nowhere, since they repeat addresses.
 */
export function serverSaid(attempt: AttemptFacts | undefined): string | undefined {
  if (attempt?.replyCode === undefined) return undefined;
  const codes = [attempt.replyCode, attempt.enhancedCode].filter((code) => code !== undefined).join(' ');
  return attempt.phase === undefined ? codes : `${codes} ${phases[attempt.phase] ?? `at ${attempt.phase}`}`;
}

const phases: Readonly<Record<string, string>> = {
  connect: 'on connecting',
  mail: 'to MAIL FROM',
  rcpt: 'to RCPT TO',
  data: 'to DATA',
  sent: 'to the message',
};
