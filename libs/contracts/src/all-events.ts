import { challengeEvents } from './challenge-events.ts';
import type { EventContract } from './define-event.ts';
import { emailEvents } from './email-events.ts';
import { userEvents } from './user-events.ts';

/** Every contract there is: what the catalogue describes. */
export const allEvents: readonly EventContract[] = [...userEvents, ...challengeEvents, ...emailEvents];
