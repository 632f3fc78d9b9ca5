import { defineNotice } from '../mail/define-notice.ts';
import { copy } from './copy.ts';

/** Tells the owner of an account that somebody signed in from where nobody did before. */
export const newDevice = defineNotice({ id: 'new-device', copy });
