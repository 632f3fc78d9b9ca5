import { parseConfig, run } from '@postrider/runtime';
import { relayConfigSchema } from '../config.ts';
import { startRelayAlone } from './relay-alone.ts';

run('user-relay', process.env, () => startRelayAlone(parseConfig(relayConfigSchema, process.env)));
