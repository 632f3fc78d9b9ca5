import { defineNotice } from '../mail/define-notice.ts';
import { copy } from './copy.ts';

/** Tells the owner of an account that a session was ended because two held its key. */
export const sessionStolen = defineNotice({ id: 'session-stolen', copy });
