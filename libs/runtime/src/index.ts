export { ConfigError, parseConfig, variable } from './config.ts';
export { DomainError, type Refusal } from './domain-error.ts';
export { type HealthPart, type PartHealth, readiness, type Readiness } from './health.ts';
export type { ClientAddressOptions } from './http/client-address.ts';
export { clientSettings } from './http/client-settings.ts';
export { type HttpServer, type HttpServerOptions, startHttpServer } from './http/http-server.ts';
export { type Idempotency, replayAnswers } from './http/idempotency.ts';
export { parseJson } from './http/parse-json.ts';
export { type Problem, problemSchema, type TranslateError } from './http/problem.ts';
export {
  limitRates,
  overall,
  perAccount,
  perAddress,
  perNetwork,
  type RateLimit,
  type RateLimiting,
} from './http/rate-limits.ts';
export { createLogger, type Logger } from './logger.ts';
export { natsOf, type NatsSettings, natsSettings } from './nats-settings.ts';
export { run, runSettings } from './run.ts';
export { telemetryOf, telemetrySettings } from './telemetry/telemetry-settings.ts';
export { continueTrace, type Trace } from './trace.ts';
