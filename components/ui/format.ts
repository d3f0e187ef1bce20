/**
 * Words for figures. Pure: the same input gives the same text on the server and in the browser.
 * What isn't known is said ("not known"), never shown as 0, NaN or nothing.
 */

export const NOT_KNOWN = 'not known'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

type Maybe = number | null | undefined

function known(value: Maybe): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** Two units at most, the second one zero-padded: `412 ms`, `6.2 s`, `4 min 06 s`, `2 h 38 min`, `257 d`. */
export function formatDuration(ms: Maybe): string {
  if (!known(ms)) return NOT_KNOWN
  if (ms < 0) return `−${formatDuration(-ms)}`
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < 9.95 * SECOND) return `${trimZero((ms / SECOND).toFixed(1))} s`
  // Rounded to whole seconds first, so that 59.9 s says "1 min 00 s" and not "60 s".
  const seconds = Math.round(ms / SECOND)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`
  const minutes = Math.round(ms / MINUTE)
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`
  const hours = Math.round(ms / HOUR)
  if (hours < 14 * 24) return `${Math.floor(hours / 24)} d ${pad(hours % 24)} h`
  return `${Math.round(ms / DAY)} d`
}

/** How long ago, in the largest unit that says enough: `3 s ago`, `4 min ago`, `2 h 38 min ago`. */
export function formatAge(ms: Maybe): string {
  if (!known(ms)) return NOT_KNOWN
  if (ms < SECOND) return 'just now'
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`
  return `${formatDuration(ms)} ago`
}

/** Whole numbers with thousands separators: `12,480`. */
export function formatCount(count: Maybe): string {
  return known(count) ? Math.round(count).toLocaleString('en-US') : NOT_KNOWN
}

/** A ratio from 0 to 1 as percent, with the digits that matter: `0.84 %`, `21.0 %`, `100 %`. */
export function formatPercent(ratio: Maybe): string {
  return known(ratio) ? `${percentDigits(ratio)} %` : NOT_KNOWN
}

/** The parts of a percent figure, the unit apart so that it can be set smaller. */
export function percentFigure(ratio: Maybe): { value: string; unit?: string } {
  return known(ratio) ? { value: percentDigits(ratio), unit: '%' } : { value: NOT_KNOWN }
}

/** Binary units: `512 B`, `3.2 MiB`. */
export function formatBytes(bytes: Maybe): string {
  if (!known(bytes)) return NOT_KNOWN
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
  let value = bytes
  let unit = 0
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : trimZero(value.toFixed(1))} ${units[unit]}`
}

/** Enough of an id to recognise it: UUIDv7s share their head for hours, so the tail is kept longer. */
export function shortId(id: string | null | undefined): string {
  if (id === null || id === undefined || id === '') return NOT_KNOWN
  return id.length <= 12 ? id : `${id.slice(0, 4)}…${id.slice(-6)}`
}

/** `1 device`, `2 devices`; `noun` in the singular, `many` where an s is not enough. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : many}`
}

/** Clock time in a zone (`Europe/Zurich`, `UTC`): `14:32:08`, or `14:32` without seconds. */
export function formatClock(atMs: Maybe, zone: string, withSeconds = true): string {
  if (!known(atMs)) return NOT_KNOWN
  const text = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(atMs)
  return withSeconds ? text : text.slice(0, 5)
}

/** Day in a zone: `Tue 24 Nov`. */
export function formatDay(atMs: Maybe, zone: string): string {
  if (!known(atMs)) return NOT_KNOWN
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
  })
  // ICU versions differ on the comma; the server's and the browser's text must be the same.
  return parts.format(atMs).replace(',', '')
}

/** Day and clock time in full: `Tue 24 Nov 2026, 14:32:08 UTC`. */
export function formatMoment(atMs: Maybe, zone: string): string {
  if (!known(atMs)) return NOT_KNOWN
  const year = new Intl.DateTimeFormat('en-GB', { timeZone: zone, year: 'numeric' }).format(atMs)
  return `${formatDay(atMs, zone)} ${year}, ${formatClock(atMs, zone)}${zone === 'UTC' ? ' UTC' : ''}`
}

/** How far a zone is ahead of UTC at a moment, in ms. */
export function zoneOffsetMs(atMs: number, zone: string): number {
  const fields: Record<string, number> = {}
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  })
  for (const part of format.formatToParts(atMs)) fields[part.type] = Number(part.value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields
  const wallMs = Date.UTC(year, month - 1, day, hour, minute, second)
  return wallMs - Math.floor(atMs / SECOND) * SECOND
}

function percentDigits(ratio: number): string {
  const percent = ratio * 100
  if (percent === 0 || percent === 100) return String(percent)
  // "0.00 %" would hide that something happened.
  if (Math.abs(percent) < 0.005) return percent > 0 ? '<0.01' : '>−0.01'
  return percent.toFixed(Math.abs(percent) < 9.995 ? 2 : 1)
}

function trimZero(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
