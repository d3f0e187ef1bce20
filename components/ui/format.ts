import {
  countText,
  durationText,
  percentDigits,
  percentText,
  pluralText,
  roundText,
} from '#lib/telemetry/format.ts'

/**
 * Words for figures that may not be known. Pure: the same input gives the same text on the server and in the browser.
 * What isn't known is said ("not known"), never shown as 0, NaN or nothing.
 */

export const NOT_KNOWN = 'not known'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

type Maybe = number | null | undefined

function known(value: Maybe): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** As `durationText`: `412 ms`, `4 min 06 s`, `2 h 38 min`. */
export const formatDuration = (ms: Maybe): string => (known(ms) ? durationText(ms) : NOT_KNOWN)

/** As `roundText`: `5 min` and not `5 min 00 s`. */
export const formatRound = (ms: Maybe): string => (known(ms) ? roundText(ms) : NOT_KNOWN)

/** A word or a name at the beginning of a sentence. */
export const capitalised = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

/** How long ago, in the largest unit that says enough: `3 s ago`, `4 min ago`, `2 h 38 min ago`. */
export function formatAge(ms: Maybe): string {
  if (!known(ms)) return NOT_KNOWN
  if (ms < SECOND) return 'just now'
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`
  return `${formatDuration(ms)} ago`
}

/** As `countText`: `12,480`. */
export const formatCount = (count: Maybe): string => (known(count) ? countText(count) : NOT_KNOWN)

/** As `percentText`, of a ratio from 0 to 1: `0.84 %`. */
export const formatPercent = (ratio: Maybe): string => (known(ratio) ? percentText(ratio) : NOT_KNOWN)

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

/** `1 device`, `2 devices`. */
export const plural = pluralText

const FORMATS = {
  clock: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  day: { weekday: 'short', day: 'numeric', month: 'short' },
  year: { year: 'numeric' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>

/** Made once for a zone, of which a page has two: each takes longer to make than a row of a table to draw. */
const formats = new Map<string, Intl.DateTimeFormat>()
const FORMATS_MAX = 100

function formatOf(name: keyof typeof FORMATS, zone: string): Intl.DateTimeFormat {
  const key = `${name} ${zone}`
  const known = formats.get(key)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-GB', { ...FORMATS[name], timeZone: zone })
  if (formats.size >= FORMATS_MAX) formats.clear()
  formats.set(key, made)
  return made
}

/** Clock time in a zone (`Europe/Zurich`, `UTC`): `14:32:08`, or `14:32` without seconds. */
export function formatClock(atMs: Maybe, zone: string, withSeconds = true): string {
  if (!known(atMs)) return NOT_KNOWN
  const text = formatOf('clock', zone).format(atMs)
  return withSeconds ? text : text.slice(0, 5)
}

/** Day in a zone: `Tue 24 Nov`. */
export function formatDay(atMs: Maybe, zone: string): string {
  if (!known(atMs)) return NOT_KNOWN
  // ICU versions differ on the comma; the server's and the browser's text must be the same.
  return formatOf('day', zone).format(atMs).replace(',', '')
}

/** Day and clock time in full: `Tue 24 Nov 2026, 14:32:08 UTC`. */
export function formatMoment(atMs: Maybe, zone: string): string {
  if (!known(atMs)) return NOT_KNOWN
  const year = formatOf('year', zone).format(atMs)
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

function trimZero(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text
}
