/** Whether a subject is one that a NATS filter names: `*` stands for one token, `>` for one or more at the end. */
export function matchesFilter(filter: string, subject: string): boolean {
  const wanted = filter.split('.');
  const tokens = subject.split('.');
  const isOpen = wanted.at(-1) === '>';
  if (isOpen ? tokens.length < wanted.length : tokens.length !== wanted.length) return false;
  return wanted.every((token, index) => token === '*' || token === '>' || token === tokens[index]);
}
