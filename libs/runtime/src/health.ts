/** How one part of a service is: `down` in a required part makes the service unready, anything else only degraded. */
export interface PartHealth {
  readonly status: 'up' | 'down' | 'starting';
  readonly detail?: string | undefined;
}

export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'unready';
  readonly parts: Record<string, PartHealth & { readonly required: boolean }>;
}

/** A part reports its own state when asked; the answer is what it knows already, so that a probe costs nothing and never hangs. */
export interface HealthPart {
  readonly name: string;
  /** Without a required part the service can't do its work, and should get no traffic. */
  readonly required: boolean;
  check(): PartHealth;
}

/** Sums the parts up for `/readyz`. */
export function readiness(parts: readonly HealthPart[]): Readiness {
  const checked = parts.map((part) => ({ name: part.name, required: part.required, ...part.check() }));
  const failing = checked.filter((part) => part.status !== 'up');
  const status = failing.length === 0 ? 'ready' : failing.some((part) => part.required) ? 'unready' : 'degraded';
  return { status, parts: Object.fromEntries(checked.map(({ name, ...part }) => [name, part])) };
}
