export type HeaderField = { name: string; value: string };

/**
 * The header fields in order, unfolded (a fold becomes one space, as Go's net/textproto does, which Mailpit uses) and
 * otherwise raw: encoded words stay encoded. Lines that are no field are left out.
 */
export function readHeaders(raw: Buffer): HeaderField[] {
  const fields: HeaderField[] = [];
  for (const line of headerBlock(raw).split(/\r?\n/)) {
    const last = fields.at(-1);
    if (/^[ \t]/.test(line) && last) {
      last.value = `${last.value} ${line.trim()}`.trim();
      continue;
    }
    const field = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(line);
    if (field?.[1] !== undefined) fields.push({ name: canonicalName(field[1]), value: (field[2] ?? '').trim() });
  }
  return fields;
}

/** All values of a field, by any spelling of its name. */
export function valuesOf(fields: readonly HeaderField[], name: string): string[] {
  const canonical = canonicalName(name);
  return fields.filter((field) => field.name === canonical).map((field) => field.value);
}

/** Up to the first empty line, which may be the first of all. */
function headerBlock(raw: Buffer): string {
  if (/^\r?\n/.test(raw.toString('latin1', 0, 2))) return '';
  const ends = [raw.indexOf('\n\r\n'), raw.indexOf('\n\n')].filter((end) => end >= 0);
  return raw.toString('utf8', 0, ends.length > 0 ? Math.min(...ends) : raw.length);
}

/** `message-ID` → `Message-Id`: the spelling in which Mailpit's API gives names. */
function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
