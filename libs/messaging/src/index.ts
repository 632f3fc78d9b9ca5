export { announceService, type AnnouncedService } from './announce-service.ts';
export { applyTopology, type ApplyOptions, DestructiveChangeError } from './apply-topology.ts';
export type { BatchToCommit } from './batch.ts';
export {
  connectionOptions,
  connectNats,
  type Nats,
  type NatsAccess,
  type NatsOptions,
  parseNatsUrl,
} from './connect.ts';
export { type Actor, type AuditEntry, readAudit } from './dead-letters/audit-trail.ts';
export type { DeadLetter } from './dead-letters/dead-letter.ts';
export { discardLetters, type DiscardOptions } from './dead-letters/discard-letters.ts';
export type { Edit } from './dead-letters/edit-letter.ts';
export { findLetters, type LetterFilter, showLetter } from './dead-letters/find-letters.ts';
export { deadLetterHeaders } from './dead-letters/publish-dead-letter.ts';
export { replayLetters, replayOfHeader, type ReplayOptions, type ReplayReport } from './dead-letters/replay-letters.ts';
export { judgeDurability, type Tier, tierKey } from './durability.ts';
export { type Doorbell, startDoorbell } from './doorbell.ts';
export type { EventToPublish } from './event-message.ts';
export {
  type Delivery,
  type Handler,
  type HandlerOptions,
  type MessageSource,
  on,
  PermanentError,
  RetryLaterError,
  UnavailableError,
} from './handler.ts';
export type { Probe } from './intake.ts';
export { planTopology, type TopologyChange, type TopologyPlan } from './plan-topology.ts';
export { createPublisher, type PublishAnswer, type Publisher, type StreamLook } from './publisher.ts';
export { retryMessage, type RetryOptions } from './retry-message.ts';
export { backoffMs, defaultRetryPolicy, type RetryPolicy } from './settlement.ts';
export { startSubscription, type Subscription, type SubscriptionOptions } from './subscription.ts';
export { startSweeper, type Sweeper, type SweeperOptions } from './sweeper.ts';
export {
  type ConsumerDeclaration,
  describeDifference,
  type Difference,
  type StreamDeclaration,
  type Topology,
} from './topology.ts';
export { type StreamWatch, type StreamWatchOptions, watchStreams } from './watch-streams.ts';
