import { defineEntity, p } from '@mikro-orm/core';

/** What a challenge proves. A secret of one purpose opens nothing else. */
export type Purpose = 'email_verification' | 'password_reset';

const schema = defineEntity({
  name: 'Challenge',
  tableName: 'challenge',
  properties: {
    /** Also the first 16 bytes of the token. */
    id: p.uuid().primary(),
    userId: p.uuid(),
    purpose: p.text().$type<Purpose>(),
    /** The address it was sent to: what it proves, it proves of this one. */
    email: p.text(),
    /** SHA-256 of the link's token; the token itself is in the mail and nowhere else. */
    tokenHash: p.text().unique('challenge_token_hash_unique'),
    /** HMAC-SHA-256 of the code and the challenge's id, under a key that is not in the database. */
    codeHash: p.text(),
    /** Counted before comparing. */
    codeTries: p.integer().default(0),
    codeExpiresAt: p.datetime(),
    expiresAt: p.datetime(),
    usedAt: p.datetime().nullable(),
    supersededAt: p.datetime().nullable(),
    createdAt: p.datetime(),
  },
});

/** A one-time proof that somebody reads the mail of an address: a link's token, or a short code bound to this one challenge. */
export class Challenge extends schema.class {}
schema.setClass(Challenge);
