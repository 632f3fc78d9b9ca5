const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** An event's id as we write it, or undefined where the text is none. */
export function canonicalEventId(text: string): string | undefined {
  const id = text.trim().toLowerCase();
  return uuid.test(id) ? id : undefined;
}

/** When a UUIDv7 was made: its first 48 bits are milliseconds. A second earlier, since clocks differ. */
export function timeOfUuid(id: string): Date | undefined {
  if (id.charAt(14) !== '7') return undefined;
  return new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) - 1_000);
}
