export { type Bell, createBell } from './bell.ts';
export { type EventToRecord, type Publication, type StoredEvent, type StreamPort } from './event.ts';
export { type Relay, type RelayOptions, startRelay } from './relay.ts';
export { removeOldEvents, type RemoveOldEvents } from './remove-old-events.ts';
export { outboxSchemaV1, outboxTables } from './schema.ts';
export { type Unit, unitOfWork, type UnitOfWorkContext } from './unit-of-work.ts';
