import { defineEntity, p } from '@mikro-orm/core';

const schema = defineEntity({
  name: 'Contact',
  tableName: 'contact',
  properties: {
    userId: p.uuid().primary(),
    /** The address that its owner proved last, in canonical form; null while only the language is known. */
    email: p.text().nullable(),
    /** `ce-sequence` of the event that said so: an older one that comes later changes nothing. */
    emailSequence: p.bigint('number'),
    /** BCP 47; null until an event says it. */
    locale: p.text().nullable(),
    localeSequence: p.bigint('number'),
  },
});

/** Where mail to a user goes, as the events say it: what notices about public facts, which name no address, are sent by. */
export class Contact extends schema.class {}
schema.setClass(Contact);
