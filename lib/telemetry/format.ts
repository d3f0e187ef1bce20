const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Two units at most, the second zero-padded: `412 ms`, `6.2 s`, `4 min 06 s`, `2 h 38 min`, `3 d 04 h`. */
export function durationText(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < 9.95 * SECOND) return `${Number((ms / SECOND).toFixed(1))} s`
  const seconds = Math.round(ms / SECOND)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return twoUnits(seconds, 60, 'min', 's')
  const minutes = Math.round(ms / MINUTE)
  if (minutes < 24 * 60) return twoUnits(minutes, 60, 'h', 'min')
  return twoUnits(Math.round(ms / HOUR), 24, 'd', 'h')
}

/** Whole numbers with thousands separators: `12,480`. */
export const countText = (count: number): string => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',')

/** A ratio from 0 to 1: `0.84 %`, `21.0 %`, `100 %`. */
export function percentText(ratio: number): string {
  const percent = ratio * 100
  if (percent === 0 || percent === 100) return `${percent} %`
  if (percent < 0.005) return '<0.01 %'
  return `${percent < 9.995 ? percent.toFixed(2) : percent.toFixed(1)} %`
}

/** `1 device`, `2 devices`. */
export const pluralText = (count: number, noun: string): string =>
  `${countText(count)} ${noun}${count === 1 ? '' : 's'}`

const twoUnits = (value: number, base: number, big: string, small: string): string =>
  `${Math.floor(value / base)} ${big} ${String(value % base).padStart(2, '0')} ${small}`
