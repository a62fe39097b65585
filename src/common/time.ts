const ISO_8601 = /^(\d{4})-(\d\d)-(\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/i

/**
 * A point in time from ISO 8601 text; undefined when it is none, or no day of the calendar. Without a zone it is UTC, so
 * that it means the same on every machine.
 */
export function parseTime(text: string): Date | undefined {
  const [, year = "", month = "", day = "", zone] = ISO_8601.exec(text) ?? []
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  if (Number(year) < 1 || date.getUTCMonth() + 1 !== Number(month) || date.getUTCDate() !== Number(day))
    return undefined
  const time = new Date(zone || !text.includes("T") ? text : `${text}Z`)
  return Number.isNaN(time.getTime()) ? undefined : time
}
