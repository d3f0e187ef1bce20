/** Words for figures that are known. Pure: the same on the server and in the browser. */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Two units at most, the second one zero-padded: `412 ms`, `6.2 s`, `4 min 06 s`, `2 h 38 min`, `3 d 04 h`, `257 d`. */
export function durationText(ms: number): string {
  if (ms < 0) return `−${durationText(-ms)}`
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < 9.95 * SECOND) return `${Number((ms / SECOND).toFixed(1))} s`
  // Rounded to whole seconds first, so that 59.9 s says "1 min 00 s" and not "60 s".
  const seconds = Math.round(ms / SECOND)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return twoUnits(seconds, 60, 'min', 's')
  const minutes = Math.round(ms / MINUTE)
  if (minutes < 24 * 60) return twoUnits(minutes, 60, 'h', 'min')
  const hours = Math.round(ms / HOUR)
  return hours < 14 * 24 ? twoUnits(hours, 24, 'd', 'h') : `${Math.round(ms / DAY)} d`
}

/** A limit or a step, which is round: `5 min` and not `5 min 00 s`. */
export const roundText = (ms: number): string => durationText(ms).replace(/ 00 (s|min|h)$/, '')

/** Whole numbers with thousands separators: `12,480`. */
export const countText = (count: number): string => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',')

/** A ratio from 0 to 1 with the digits that matter: `0.84 %`, `21.0 %`, `100 %`. */
export const percentText = (ratio: number): string => `${percentDigits(ratio)} %`

/** As `percentText`, without the unit. "0.00" would hide that something happened. */
export function percentDigits(ratio: number): string {
  const percent = ratio * 100
  if (percent === 0 || percent === 100) return String(percent)
  if (Math.abs(percent) < 0.005) return percent > 0 ? '<0.01' : '>−0.01'
  return percent.toFixed(Math.abs(percent) < 9.995 ? 2 : 1)
}

/** `1 device`, `2 devices`; `noun` in the singular, `many` where an s is not enough. */
export const pluralText = (count: number, noun: string, many = `${noun}s`): string =>
  `${countText(count)} ${count === 1 ? noun : many}`

const twoUnits = (value: number, base: number, big: string, small: string): string =>
  `${Math.floor(value / base)} ${big} ${String(value % base).padStart(2, '0')} ${small}`
