import { parseConfig, run } from '@postrider/runtime';
import { configSchema } from './config.ts';
import { start } from './service.ts';

run('email', process.env, () => start(parseConfig(configSchema, process.env)));
