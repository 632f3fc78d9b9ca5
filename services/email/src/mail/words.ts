/** A moment as a reader anywhere understands it, to the minute in UTC: `24 November 2026 at 09:10 UTC`. */
export function moment(iso: string, locale: string): string {
  const format = new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, {
    dateStyle: 'long',
    timeStyle: 'short',
    hourCycle: 'h23',
    timeZone: 'UTC',
  });
  return `${format.format(new Date(iso))} UTC`;
}

/** The time between two moments in the largest unit that is exact enough to read: `10 minutes`, `24 hours`. */
export function duration(fromIso: string, toIso: string, locale: string): string {
  const minutes = Math.round((Date.parse(toIso) - Date.parse(fromIso)) / 60_000);
  const inHours = minutes >= 120;
  const format = new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: inHours ? 'hour' : 'minute',
    unitDisplay: 'long',
  });
  return format.format(inHours ? Math.round(minutes / 60) : minutes);
}
