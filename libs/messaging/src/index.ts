export { connectNats, type Nats, type NatsOptions, parseNatsUrl } from './connect.ts';
export { deadLetterHeaders } from './dead-letter.ts';
export { judgeDurability, type Tier } from './durability.ts';
export { type Doorbell, startDoorbell } from './doorbell.ts';
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
export { createPublisher, type EventToPublish, type PublishAnswer, type Publisher } from './publisher.ts';
export { retryMessage, type RetryOptions } from './retry-message.ts';
export { backoffMs, defaultRetryPolicy, type RetryPolicy } from './settlement.ts';
export { startSubscription, type Subscription, type SubscriptionOptions } from './subscription.ts';
export { startSweeper, type Sweeper, type SweeperOptions } from './sweeper.ts';
export { applyTopology, type ConsumerDeclaration, type StreamDeclaration, type Topology } from './topology.ts';
export { type StreamWatch, type StreamWatchOptions, watchStreams } from './watch-streams.ts';
