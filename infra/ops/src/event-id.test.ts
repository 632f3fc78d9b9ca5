import { expect, test } from 'vitest';
import { canonicalEventId, timeOfUuid } from './event-id.ts';

test('an event id is a UUID, in any case form', () => {
  expect(canonicalEventId(' 01A20CA5-7ABE-7695-AAF0-85D6B3417833 ')).toBe('01a20ca5-7abe-7695-aaf0-85d6b3417833');
  expect(canonicalEventId('01a20ca5')).toBeUndefined();
});

test('a UUIDv7 tells when it was made, less a second; another one does not', () => {
  expect(timeOfUuid('019343f1-ec00-7abc-8def-0123456789ab')).toEqual(new Date(0x019343f1ec00 - 1_000));
  expect(timeOfUuid('0498ebe6-cbbc-41dd-9e06-9810439ad02d')).toBeUndefined();
});
