import { parseConfig, run } from '@postrider/runtime';
import { configSchema } from './config.ts';
import { start } from './service.ts';

run('user', process.env, () => start(parseConfig(configSchema, process.env)));
