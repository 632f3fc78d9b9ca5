import type { ConsumerDeclaration } from '@postrider/messaging';
import { nkeyVariable } from './nkeys.ts';

/** A team's service that subscribes to user events: its name is its durable's and its user's. */
export interface Subscriber {
  /** Lower-case letters, digits and dashes. */
  readonly name: string;
  readonly description: string;
  /** The subjects it gets, `user.v1.email_verified.*`. */
  readonly filters: readonly string[];
}

/**
 * Its durable. The server never gives a message up (`max_deliver` -1): whoever reads in another language has nobody who would notice
 * that, and what can't be handled is its own to bury (`dead.<name>.>`).
 */
export function subscriberConsumer({ name, description, filters }: Subscriber): ConsumerDeclaration {
  return {
    stream_name: 'USER_EVENTS',
    config: {
      durable_name: name,
      description,
      filter_subjects: [...filters, `user.retry.${name}.>`],
      deliver_policy: 'all',
      replay_policy: 'instant',
      ack_policy: 'explicit',
      ack_wait: 30e9,
      max_deliver: -1,
      max_ack_pending: 1_000,
      max_waiting: 512,
    },
  };
}

/** Its user, as accounts.conf has it: pulls from its own durable, settles, buries, and nothing else. */
export function subscriberUser({ name, description }: Pick<Subscriber, 'name' | 'description'>): string {
  return `      {
        # ${description}
        nkey: $${nkeyVariable(name)}
        permissions {
          publish: [
            "$JS.API.CONSUMER.INFO.USER_EVENTS.${name}", "$JS.API.CONSUMER.MSG.NEXT.USER_EVENTS.${name}"
            "$JS.ACK.USER_EVENTS.${name}.>"
            "dead.${name}.>", "suspect.${name}.>"
          ]
          subscribe: ["_INBOX_${name}.>"]
        }
      }
`;
}
