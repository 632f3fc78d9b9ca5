/** The labels of each metric that README.md promises; that the services expose exactly these is tested on a running stack. */
export function documentedMetrics(readme: string): Map<string, readonly string[]> {
  const rows = readme.matchAll(/^\| `([a-z]\w+)` \| (counter|gauge|histogram) \| ([^|]*)\|/gm);
  return new Map(
    [...rows].flatMap(([, name = '', kind, labels = '']) =>
      seriesOf(name, kind).map((series) => [series, labelsIn(labels, series)] as const),
    ),
  );
}

/** A histogram is three series in Prometheus. */
function seriesOf(name: string, kind: string | undefined): string[] {
  return kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name];
}

function labelsIn(text: string, series: string): string[] {
  const own = [...text.matchAll(/`(\w+)`/g)].map(([, label = '']) => label);
  return series.endsWith('_bucket') ? [...own, 'le'] : own;
}
