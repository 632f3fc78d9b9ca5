export { ConfigError, parseConfig, variable } from './config.ts';
export { DomainError, type Refusal } from './domain-error.ts';
export { type HealthPart, type PartHealth, readiness, type Readiness } from './health.ts';
export { type HttpServer, type HttpServerOptions, startHttpServer } from './http/http-server.ts';
export { type Problem, problemSchema, type TranslateError } from './http/problem.ts';
export { createLogger, type Logger } from './logger.ts';
export { run, runSettings } from './run.ts';
export { telemetryOf, telemetrySettings } from './telemetry/telemetry-settings.ts';
export { continueTrace, type Trace } from './trace.ts';
