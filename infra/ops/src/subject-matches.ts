/** Whether a NATS subject fits a filter: `*` is one token, `>` at the end is one or more. */
export function subjectMatches(filter: string, subject: string): boolean {
  const [wanted, given] = [filter.split('.'), subject.split('.')];
  if (wanted.at(-1) === '>') return given.length >= wanted.length && fits(wanted.slice(0, -1), given);
  return wanted.length === given.length && fits(wanted, given);
}

function fits(wanted: readonly string[], given: readonly string[]): boolean {
  return wanted.every((token, index) => token === '*' || token === given[index]);
}
