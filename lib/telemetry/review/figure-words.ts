import { countText, durationText, percentText, pluralText } from '../format.ts'
import type { Measured } from './review.ts'

/** One figure of a collection, in words: the same beside a question and in the report (DR10). */
export interface Figure {
  readonly name: string
  readonly value: string
  readonly basis: string
}

export const NOT_KNOWN = 'not known'

const DAY_MS = 86_400_000
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `3 Nov 2026`, in UTC. Of the days since 1970, counted in eras of 400 years that begin with a March. */
export function dayText(ms: number): string {
  const days = Math.floor(ms / DAY_MS) + 719_468
  const era = Math.floor(days / 146_097)
  const ofEra = days - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1
  const month = (fromMarch + 2) % 12
  return `${day} ${MONTHS[month] ?? ''} ${yearOfEra + era * 400 + (month < 2 ? 1 : 0)}`
}

/** `3 Nov 2026 12:00 UTC` */
export function timeText(ms: number): string {
  const minutes = Math.floor(ms / 60_000) % (24 * 60)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${dayText(ms)} ${two(Math.floor(minutes / 60))}:${two(minutes % 60)} UTC`
}

/** `812 B`, `2.3 KiB`, `1.5 MiB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1_024) return `${countText(bytes)} B`
  if (bytes < 1_024 ** 2) return `${(bytes / 1_024).toFixed(1)} KiB`
  return `${(bytes / 1_024 ** 2).toFixed(1)} MiB`
}

const unknown = (name: string, basis: string): Figure => ({ name, value: NOT_KNOWN, basis })
/** `4 Oct 2026 to 3 Nov 2026`; one day where both are of it. */
export function between(fromMs: number, toMs: number): string {
  const [from, to] = [dayText(fromMs), dayText(toMs)]
  return from === to ? to : `${from} to ${to}`
}

/** Of what rollups count: until when they do, where that is not now. */
const counted = ({ fromMs, toMs, atMs }: Measured): string =>
  `${between(fromMs, toMs)}${toMs < atMs ? `, counted until ${timeText(toMs)}` : ''}`

/** What each question is answered by from measurements, in words with what they are out of and from when. Pure. */
export function figuresOf(measured: Measured) {
  return {
    shape: [...sizeFigures(measured), writersFigure(measured)],
    semantics: [rateFigure(measured), overlapFigure(measured), fieldsFigure(measured)],
    connectivity: [...waitFigures(measured), gapFigure(measured), followersFigure(measured)],
    volume: [perDayFigure(measured), deltaFigure(measured), kindsFigure(measured)],
    ordering: [causesFigure(measured)],
  }
}

function sizeFigures({ records, atMs }: Measured): readonly Figure[] {
  if (records === null) return [unknown('Records', `none found, ${timeText(atMs)}`)]
  const { live, more, sampled, bytesP50, bytesP95, bytesMax } = records
  const basis = `newest ${pluralText(sampled, 'record')}, as JSON, ${timeText(atMs)}`
  return [
    {
      name: 'Records',
      value: `${countText(live)}${more ? ' or more' : ''}`,
      basis: `live, ${timeText(atMs)}`,
    },
    {
      name: 'Size of a record',
      value: `half up to ${bytesText(bytesP50)}, 95 % up to ${bytesText(bytesP95)}, at most ${bytesText(bytesMax)}`,
      basis,
    },
  ]
}

function writersFigure({ changes }: Measured): Figure {
  if (changes === null) return unknown('Writers of a record', 'no change is in the log')
  const { shared, records, writersMax, sampled, fromMs, toMs } = changes
  return {
    name: 'Records that several devices wrote',
    value: `${countText(shared)} of ${countText(records)}, at most ${pluralText(writersMax, 'device')}`,
    basis: `newest ${pluralText(sampled, 'change')}, ${between(fromMs, toMs)}`,
  }
}

function rateFigure(measured: Measured): Figure {
  const { rate } = measured
  if (rate === null) return unknown('Conflict rate', `no change is counted, ${counted(measured)}`)
  return {
    name: 'Conflict rate',
    value: `${percentText(rate.conflicts / rate.mutations)}, ${countText(rate.conflicts)} of ${pluralText(rate.mutations, 'change')}`,
    basis: counted(measured),
  }
}

function overlapFigure({ conflicts, fromMs, toMs }: Measured): Figure {
  if (conflicts === null)
    return unknown('Conflicts over different fields', `no conflict arose, ${between(fromMs, toMs)}`)
  const basis = `${conflicts.more ? 'newest ' : ''}${pluralText(conflicts.sampled, 'conflict')}, ${countText(conflicts.knownBase)} with a known base, ${between(conflicts.fromMs, conflicts.toMs)}`
  if (conflicts.knownBase === 0) return unknown('Conflicts over different fields', basis)
  return {
    name: 'Conflicts over different fields',
    value: `${countText(conflicts.disjoint)} of ${countText(conflicts.knownBase)}`,
    basis,
  }
}

/** Fields that are named; the rest is counted. */
const FIELDS_NAMED = 5

function fieldsFigure({ conflicts }: Measured): Figure {
  if (conflicts === null || conflicts.knownBase === 0)
    return unknown('Contested fields', 'no conflict with a known base')
  const { fields, knownBase } = conflicts
  const named = fields.slice(0, FIELDS_NAMED)
  const rest = fields.length - named.length
  return {
    name: 'Contested fields',
    value:
      fields.length === 0
        ? 'none'
        : named
            .map(
              ({ place, conflicts: count }) => `${place === '' ? 'whole record' : place} ${countText(count)}`,
            )
            .join(', ') + (rest > 0 ? `, and ${rest} more` : ''),
    basis: `conflicts of ${countText(knownBase)} with a known base`,
  }
}

function waitFigures(measured: Measured): readonly Figure[] {
  const { waits } = measured
  const name = 'Wait of a change on its device'
  if (waits === null) return [unknown(name, `no change is timed, ${counted(measured)}`)]
  return [
    {
      name,
      value: `half up to ${durationText(waits.p50Ms)}, 95 % up to ${durationText(waits.p95Ms)}, at most ${durationText(waits.maxMs)}`,
      basis: `${pluralText(waits.count, 'change')}, ${counted(measured)}`,
    },
  ]
}

function gapFigure({ gaps, fromMs, toMs }: Measured): Figure {
  const name = 'Time between sessions of a device'
  if (gaps === null) return unknown(name, `no device had two sessions, ${between(fromMs, toMs)}`)
  return {
    name,
    value: `half up to ${durationText(gaps.p50Ms)}, 95 % up to ${durationText(gaps.p95Ms)}`,
    basis: `${pluralText(gaps.count, 'gap')} of the ${pluralText(gaps.devices, 'device')} that wrote last, their newest sessions since ${dayText(fromMs)}`,
  }
}

const followersFigure = ({ followers, atMs }: Measured): Figure => ({
  name: 'Devices that follow it',
  value: countText(followers),
  basis: `have read it whole, ${timeText(atMs)}`,
})

function perDayFigure(measured: Measured): Figure {
  const { rate } = measured
  if (rate === null) return unknown('Changes a day', `no change is counted, ${counted(measured)}`)
  return {
    name: 'Changes a day',
    value: rate.perDay < 10 ? rate.perDay.toFixed(1) : countText(rate.perDay),
    basis: `${pluralText(rate.mutations, 'change')}, ${counted(measured)}`,
  }
}

function deltaFigure({ delta }: Measured): Figure {
  const name = 'A change against its document'
  if (delta === null || delta.documentBytes === 0)
    return unknown(name, 'no change of a part of a record that is among the newest')
  return {
    name,
    value: `${percentText(delta.changeBytes / delta.documentBytes)}, ${bytesText(delta.changeBytes)} of ${bytesText(delta.documentBytes)}`,
    basis: `${pluralText(delta.changes, 'change')} of parts of records that are among the newest`,
  }
}

function kindsFigure({ changes }: Measured): Figure {
  if (changes === null) return unknown('Kinds of changes', 'no change is in the log')
  const kinds = Object.entries(changes.kinds).sort(([, a], [, b]) => b - a)
  return {
    name: 'Kinds of changes',
    value: kinds.map(([kind, count]) => `${kind} ${countText(count)}`).join(', '),
    basis: `newest ${pluralText(changes.sampled, 'change')}, ${between(changes.fromMs, changes.toMs)}`,
  }
}

function causesFigure({ changes }: Measured): Figure {
  if (changes === null) return unknown('Changes that name one before them', 'no change is in the log')
  return {
    name: 'Changes that name one before them',
    value: `${countText(changes.withAfter)} of ${countText(changes.sampled)}`,
    basis: `newest changes, ${between(changes.fromMs, changes.toMs)}`,
  }
}
