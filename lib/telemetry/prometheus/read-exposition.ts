import type { Sample } from './points-of-samples.ts'

/** Lines of one page that are looked at: a page has at most a MiB. */
export const LINES_MAX = 50_000
/** A longer line is none: reading it would take its square. */
const LINE_LENGTH_MAX = 8_192

export interface Exposition {
  readonly samples: readonly Sample[]
  /** Lines that are no sample, no comment and not blank. */
  readonly unread: number
}

/** The samples of a page in Prometheus' text format, or OpenMetrics'. @param nowMs the time of those that name none */
export function readExposition(text: string, nowMs: number): Exposition {
  const samples: Sample[] = []
  let unread = 0
  for (const line of text.split('\n', LINES_MAX)) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const sample = trimmed.length > LINE_LENGTH_MAX ? null : sampleOf(trimmed, nowMs)
    if (sample === null) unread += 1
    else samples.push(sample)
  }
  return { samples, unread }
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))/y
/** Behind the labels: a value, and perhaps a time; an exemplar is left out. */
const REST = /^\s+(\S+)(?:\s+(-?\d+(?:\.\d+)?))?\s*(?:#.*)?$/

function sampleOf(line: string, nowMs: number): Sample | null {
  const [name] = NAME.exec(line) ?? []
  if (name === undefined) return null
  const read = line.charAt(name.length) === '{' ? labelsOf(line, name.length + 1) : null
  if (line.charAt(name.length) === '{' && read === null) return null
  const [, told, time] = REST.exec(line.slice(read?.end ?? name.length)) ?? []
  const value = told === undefined ? null : valueOf(told)
  if (value === null) return null
  const atMs = time === undefined ? nowMs : timeOf(time)
  return { name, labels: read?.labels ?? new Map<string, string>(), value, atMs }
}

/** Milliseconds in the older format, seconds with a fraction in OpenMetrics: none of either looks like the other. */
const SECONDS_BELOW = 1e11
const timeOf = (text: string): number => {
  const time = Number(text)
  return Math.round(time < SECONDS_BELOW ? time * 1_000 : time)
}

function labelsOf(line: string, start: number): { labels: ReadonlyMap<string, string>; end: number } | null {
  const labels = new Map<string, string>()
  let at = start
  while (line.charAt(at) !== '}') {
    LABEL.lastIndex = at
    const [whole, name, value] = LABEL.exec(line) ?? []
    if (whole === undefined || name === undefined || value === undefined) return null
    labels.set(name, unescaped(value))
    at += whole.length
  }
  return { labels, end: at + 1 }
}

const unescaped = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))

function valueOf(text: string): number | null {
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text)
  if (infinite) return infinite[1] === '-' ? -Infinity : Infinity
  if (/^nan$/i.test(text)) return Number.NaN
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null
}
