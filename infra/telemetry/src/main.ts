// `node infra/telemetry/src/main.ts`: writes the Grafana dashboard anew from panels.ts, for `npm run format`. A unit test compares the file.
import { writeFile } from 'node:fs/promises';
import { dashboardPath } from './files.ts';
import { grafanaDashboard } from './grafana.ts';

await writeFile(dashboardPath, `${JSON.stringify(grafanaDashboard(), undefined, 2)}\n`);
