export { type BackPressure, type BackPressureOptions, watchBacklog } from './back-pressure.ts';
export { type Bell, createBell } from './bell.ts';
export type { EventToRecord, StoredEvent } from './event.ts';
export { type OutboxStatus, outboxStatus } from './outbox-status.ts';
export { prepareRecording } from './prepare-recording.ts';
export { type Relay, type RelayOptions, startRelay } from './relay.ts';
export { type ReleaseParked, releaseParked } from './release-parked.ts';
export { removeOldEvents, type RemoveOldEvents } from './remove-old-events.ts';
export { outboxSchemaV1, outboxSchemaV2, outboxSchemaV3, outboxTables } from './schema.ts';
export type { Publication, StagedBatch, StreamPort, StreamState } from './stream-port.ts';
export { type Unit, unitOfWork, type UnitOfWorkContext } from './unit-of-work.ts';
export {
  handledEventSchema,
  handledEventTable,
  handleOnce,
  type Handling,
  removeHandledEvents,
  type RemoveHandledEvents,
} from './handle-once.ts';
