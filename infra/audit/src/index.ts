export { type AuditSources, collectFacts } from './collect/collect-facts.ts';
export type * from './facts.ts';
export { type Finding, judge, type Verdict } from './judge.ts';
export { type AuditedStack, declared, runAudit } from './run-audit.ts';
export { verdictTable } from './verdict-table.ts';
