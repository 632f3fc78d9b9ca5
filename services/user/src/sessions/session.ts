import { defineEntity, p } from '@mikro-orm/core';
import { type DomainEvent, signedIn } from '@postrider/contracts';

const schema = defineEntity({
  name: 'Session',
  tableName: 'session',
  properties: {
    /** The `sid` of its access tokens; no secret. */
    id: p.uuid().primary(),
    userId: p.uuid(),
    /** How it was opened: `password`. */
    method: p.text(),
    /** What the client calls itself. */
    deviceLabel: p.text().nullable(),
    userAgent: p.text().nullable(),
    /** Tells whether the account was used from there before. */
    deviceHash: p.text(),
    /** SHA-256 of the refresh token that is current. */
    tokenHash: p.text(),
    createdAt: p.datetime(),
    /** When its refresh token was last exchanged. */
    lastUsedAt: p.datetime(),
    /** When it ends unless it is used before: the idle limit, never after the absolute one. */
    expiresAt: p.datetime(),
    /** The absolute limit. */
    expiresAtLatest: p.datetime(),
    endedAt: p.datetime().nullable(),
    endReason: p.text().$type<EndReason>().nullable(),
  },
});

/** Why a session ended before its time. */
export type EndReason =
  | 'sign_out'
  | 'revoked'
  | 'refresh_token_reused'
  | 'password_changed'
  | 'password_reset'
  | 'admin';

/** What a new session is made of. */
export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly device: Device;
  readonly isNewDevice: boolean;
  /** Hash of its first refresh token. */
  readonly tokenHash: string;
  readonly limits: SessionLimits;
  readonly at: Date;
}

/** Where a person signs in, as far as a client tells. */
export interface Device {
  readonly label: string | undefined;
  readonly userAgent: string | undefined;
  readonly hash: string;
}

export interface SessionLimits {
  /** Without being refreshed for so long it ends. */
  readonly idleDays: number;
  /** It ends in any case. */
  readonly maxDays: number;
}

const dayMs = 86_400_000;

/**
 * A session: the family of refresh tokens of one sign-in, each of which replaces the one before. It is refreshed and ended by single
 * statements (refresh-session.ts, revoke-sessions.ts), since of many callers one must win.
 */
export class Session extends schema.class {
  static open(parts: NewSession): { session: Session; events: DomainEvent[] } {
    const { id, userId, device, tokenHash, limits, at } = parts;
    const expiresAtLatest = later(at, limits.maxDays);
    const idleEnd = later(at, limits.idleDays);
    const session = Object.assign(new Session(), {
      id,
      userId,
      method: 'password',
      deviceLabel: device.label ?? null,
      userAgent: device.userAgent ?? null,
      deviceHash: device.hash,
      tokenHash,
      createdAt: at,
      lastUsedAt: at,
      expiresAt: idleEnd < expiresAtLatest ? idleEnd : expiresAtLatest,
      expiresAtLatest,
      endedAt: null,
      endReason: null,
    });
    const event = signedIn.create({ userId, sessionId: id, method: session.method, newDevice: parts.isNewDevice });
    return { session, events: [event] };
  }
}
schema.setClass(Session);

function later(than: Date, days: number): Date {
  return new Date(than.getTime() + days * dayMs); // oxlint-disable-line no-restricted-globals -- counts from a time it is told
}
