/** Days of the device's calendar, as date fields have them, and the moments between which they are. */

/** `2026-11-21` as its first moment and that of the next day; nothing for what is no day. */
export function dayOf(day: string): { from?: string; until?: string } {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!parts) return {};
  const [year, month, date] = [Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])];
  return {
    from: new Date(year, month, date).toISOString(),
    until: new Date(year, month, date + 1).toISOString(),
  };
}

/** The day that a moment is in. */
export function localDay(at: string): string {
  const moment = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}
