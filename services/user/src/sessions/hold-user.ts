import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { User } from '../accounts/user.ts';

/**
 * Locks an account's row until the unit ends. Whatever records events of an account, or opens and ends its sessions, holds it: events
 * keep the order of their commits, and nothing happens behind the back of a change of password. Always before a session's row.
 */
export async function holdUser(em: EntityManager, who: { id: string } | { email: string }): Promise<User | null> {
  return em.findOne(User, who, { lockMode: LockMode.PESSIMISTIC_WRITE });
}
