/** A metric that a query asks for, and the labels that it names of it. */
export interface Asked {
  readonly metric: string;
  readonly labels: readonly string[];
}

const words = /[a-zA-Z_:][\w:]*/g;
/** Operators of PromQL that look like names. https://prometheus.io/docs/prometheus/latest/querying/operators/ */
const operators = new Set([
  'by',
  'without',
  'and',
  'or',
  'unless',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'offset',
  'bool',
]);

/**
 * What a PromQL expression asks for: enough of its grammar for the expressions here, whose aggregations name their labels before what
 * they sum up. A label that is named anywhere counts for every metric of the expression.
 */
export function askedBy(expr: string): Asked[] {
  const matched = [...expr.matchAll(/\{([^}]*)\}/g)].flatMap(([, matchers = '']) => namesIn(matchers));
  const grouped = [...expr.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    namesIn(list),
  );
  const labels = [...new Set([...matched, ...grouped])];
  const bare = expr
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, ' ')
    .replaceAll(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, ' ')
    .replaceAll(/\b\d[\w.]*/g, ' ');
  const metrics = [...bare.matchAll(words)]
    .filter(({ 0: word, index }) => !operators.has(word) && !/^\s*\(/.test(bare.slice(index + word.length)))
    .map(([word]) => word);
  return [...new Set(metrics)].map((metric) => ({ metric, labels }));
}

function namesIn(text: string): string[] {
  return [...text.replaceAll(/"[^"]*"/g, '').matchAll(words)].map(([name]) => name);
}
