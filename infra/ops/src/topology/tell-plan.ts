import type { TopologyChange, TopologyPlan } from '@postrider/messaging';

/** Whether the server has all that is declared, as it is declared. */
export function isAsDeclared({ changes }: TopologyPlan): boolean {
  return changes.every(({ action }) => action === 'keep');
}

/** The plan as a diff: `-` is what the server has, `+` what is declared. */
export function tellPlan({ changes, undeclared }: TopologyPlan): string[] {
  const pending = changes.filter(({ action }) => action !== 'keep');
  return [
    ...pending.flatMap(tellChange),
    ...undeclared.map((name) => `? ${name}: on the server, declared by nobody; it stays`),
    pending.length === 0
      ? `${changes.length} streams and consumers are as declared.`
      : `${pending.length} of ${changes.length} streams and consumers are not as declared.`,
  ];
}

function tellChange({ kind, name, action, differences, losses }: TopologyChange): string[] {
  const sign = { create: '+', update: '~', replace: '±', keep: ' ' }[action];
  const done = action === 'replace' ? 'deleted and created anew' : `${action}d`;
  return [
    `${sign} ${kind} ${name}: to be ${done}`,
    ...differences.flatMap(({ setting, have, want }) => [
      ...(have === undefined ? [] : [`    - ${setting}: ${valueText(setting, have)}`]),
      `    + ${setting}: ${valueText(setting, want)}`,
    ]),
    ...losses.map((loss) => `    ! loses ${loss}`),
  ];
}

/** Nanoseconds mean nothing to people. */
function valueText(setting: string, value: unknown): string {
  const text = JSON.stringify(value);
  if (typeof value !== 'number' || !durations.has(setting)) return text;
  const unit = units.find(([, ns]) => value >= ns && value % ns === 0);
  return unit === undefined ? text : `${text} (${value / unit[1]} ${unit[0]})`;
}

const durations = new Set([
  'max_age',
  'duplicate_window',
  'ack_wait',
  'inactive_threshold',
  'subject_delete_marker_ttl',
]);
const units = [
  ['days', 86_400e9],
  ['hours', 3_600e9],
  ['minutes', 60e9],
  ['seconds', 1e9],
] as const;

export function planAsJson({ changes, undeclared }: TopologyPlan): string {
  const shown = changes.map(({ declared: _declared, ...change }) => change);
  return JSON.stringify({ changes: shown, undeclared }, undefined, 2);
}
