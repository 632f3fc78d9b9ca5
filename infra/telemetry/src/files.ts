import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

export const dashboardPath: string = join(root, 'grafana/dashboards/postrider.json');
export const rulesPath: string = join(root, 'prometheus/rules.yml');
export const ruleTestsPath: string = join(root, 'prometheus/rules.test.yml');
export const documentationPath: string = join(root, 'README.md');
export const picturePath: string = join(root, 'dashboard.svg');
