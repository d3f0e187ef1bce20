const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const
type Unit = keyof typeof UNITS

const DURATION = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/
const COUNT = /^\d{1,15}$/
/** Ten years: longer than anything is kept. */
const DURATION_MAX_MS = 3_650 * UNITS.d

/** `90s`, `1.5h` in whole milliseconds; null for anything else. Pure. */
export function parseDuration(text: string): number | null {
  const [, number, unit] = DURATION.exec(text) ?? []
  if (number === undefined || unit === undefined) return null
  const ms = Math.round(Number(number) * UNITS[unit as Unit])
  return ms <= DURATION_MAX_MS ? ms : null
}

/** In the largest unit of which it is a whole number. Pure. */
export function formatDurationAmount(ms: number): string {
  const units = Object.entries(UNITS)
  const [unit, length] = units.find(([, one]) => ms > 0 && ms % one === 0) ?? ['s', UNITS.s]
  return `${ms / length}${unit}`
}

export const parseCount = (text: string): number | null => (COUNT.test(text) ? Number(text) : null)
