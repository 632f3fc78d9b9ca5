import type { Part, PartState, ServiceHealth } from '../facts.ts';
import { type Verdict, verdict, type World } from './verdict.ts';

/** `then`: what the service does about the event once it works again. */
export function userServiceIsAway(world: World, then: string): Verdict | undefined {
  return isAway(world, 'user', 'relay', then);
}

export function emailServiceIsAway(world: World, then: string): Verdict | undefined {
  return isAway(world, 'email', 'smtp', then);
}

/** A service whose events are switched off has no such part. */
function isAway(world: World, service: ServiceHealth['service'], part: string, then: string): Verdict | undefined {
  const health = healthOf(world, service);
  if (health === undefined) return undefined;
  if (health.status === 'no answer') return verdict('stuck', `The ${service} service does not answer: start it.`, then);
  if (part in health.parts) return undefined;
  return verdict('stuck', `Events are switched off in the ${service} service (EVENTS_ENABLED): switch them on.`, then);
}

/** Why the email service does not take messages of a durable. */
export function subscriptionTrouble(world: World, durable: string): string | undefined {
  const trouble = down(partsOf(world, 'email')[durable]);
  if (trouble === 'waiting for smtp') return mailServerTrouble(world) ?? `${mailServer(world)} can’t be used`;
  return trouble === undefined ? undefined : `${durable} is not at work (${trouble.replace(/\.$/, '')})`;
}

/** The email service's word about the mail server, in ours. */
export function mailServerTrouble(world: World): string | undefined {
  const detail = down(partsOf(world, 'email')['smtp']);
  if (detail === undefined) return undefined;
  if (detail.includes('ECONNREFUSED')) return `${mailServer(world)} refuses connections`;
  if (/ETIMEDOUT|ESOCKET|ECONNRESET/.test(detail)) return `${mailServer(world)} does not answer`;
  return `${mailServer(world)} can’t be used (${detail.replace(/\.$/, '')})`;
}

export function mailServer(world: World): string {
  return world.mailServer === undefined ? 'the mail server' : `the mail server at ${world.mailServer}`;
}

export function partsOf(world: World, service: ServiceHealth['service']): ServiceHealth['parts'] {
  return healthOf(world, service)?.parts ?? {};
}

/** What is wrong with a part; undefined when it is up, or not there. */
export function down(part: PartState | undefined): string | undefined {
  return part === undefined || part.status === 'up' ? undefined : (part.detail ?? part.status);
}

export function isAsked(world: World, part: Part): boolean {
  return !world.unanswered.some((one) => one.part === part);
}

function healthOf(world: World, service: ServiceHealth['service']): ServiceHealth | undefined {
  return world.health.find((one) => one.service === service);
}
