/**
 * The tables, for a migration of the service that owns the database (statements in order; one version, one list).
 *
 * `outbox_event` is the append-only log, `outbox_pending` the to-do list, `outbox_parked` what must not be sent until somebody
 * looked at it, `outbox_relay` the lease, `outbox_watermark` how far the streams are. No foreign keys between them: each would cost a key-share lock an insert, and rows
 * are only ever added and removed by the statements in this package.
 */
export const outboxSchemaV1: readonly string[] = [
  `create table outbox_event (
     id bigint generated always as identity primary key,
     event_id uuid not null,
     stream text not null,
     aggregate_id text not null,
     type text not null,
     subject text not null,
     headers jsonb not null,
     payload jsonb not null,
     recorded_at timestamptz not null default clock_timestamp(),
     expires_at timestamptz
   )`,
  `create index outbox_event_event_id on outbox_event (event_id)`,
  // Rows come and go by the thousand: vacuum after few, and never wait for a fifth of the table.
  `create table outbox_pending (id bigint primary key)
     with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)`,
  `create table outbox_parked (
     id bigint primary key,
     stream text not null,
     aggregate_id text not null,
     reason text not null,
     parked_at timestamptz not null default now()
   )`,
  `create index outbox_parked_aggregate on outbox_parked (stream, aggregate_id)`,
  `create table outbox_relay (
     name text primary key,
     owner uuid not null,
     epoch bigint not null,
     held_until timestamptz not null
   )`,
];

/** What came after: notes of how far each stream is, so that a loss shows. */
export const outboxSchemaV2: readonly string[] = [
  `create table outbox_watermark (
     id bigint generated always as identity primary key,
     stream text not null,
     identity text not null,
     position bigint not null,
     lowest_id bigint not null,
     noted_at timestamptz not null default now()
   )`,
  `create index outbox_watermark_stream on outbox_watermark (stream, id desc)`,
  `create index outbox_watermark_noted_at on outbox_watermark (noted_at)`,
];

/** What came after that: how often an event was lost, which is part of its message's id, and which event stands at a noted position. */
export const outboxSchemaV3: readonly string[] = [
  `alter table outbox_pending add column generation bigint`,
  `alter table outbox_parked add column generation bigint`,
  `alter table outbox_watermark add column position_id bigint`,
];

/** All tables above, so that a schema diff of the service's own entities leaves them alone. */
export const outboxTables: readonly string[] = [
  'outbox_event',
  'outbox_pending',
  'outbox_parked',
  'outbox_relay',
  'outbox_watermark',
];
