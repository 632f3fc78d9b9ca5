import { defineNotice } from '../mail/define-notice.ts';
import { copy } from './copy.ts';

/** Tells the owner of an account that its password is another one now. */
export const passwordChanged = defineNotice({ id: 'password-changed', copy });
