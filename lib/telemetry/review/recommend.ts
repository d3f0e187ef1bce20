import type { StrategyName, TieRule } from '#lib/protocol/device.ts'
import { countText, durationText, percentText, pluralText } from '../format.ts'
import type {
  Advice,
  Answers,
  Choice,
  FieldAdvice,
  FieldKind,
  Measured,
  Reason,
  Recommendation,
  Settings,
} from './review.ts'

/** Fewer conflicts, changes or waits than these say nothing of the rest. */
export const ENOUGH = 10
/** Of conflicts: from here on most are none of one field. */
const MOSTLY = 0.5
/** Of the bytes of a document: a change that is as large is no smaller sent by itself. */
const DELTA_SHARE_MAX = 0.8
/** A change that waited for less was made online. */
const ONLINE_MS = 5 * 60_000
/** Longer than a shift without contact. */
const MOSTLY_OFFLINE_MS = 8 * 3_600_000

const because = (rule: string, says: string): Reason => ({ rule, says })
const advice = <T>(value: T | null, ...reasons: Reason[]): Advice<T> => ({ value, reasons })

/**
 * What a collection should be set to, from what people answered and what was measured (DR2 to DR7). Pure.
 * @param settings as they are: texts stay under OT where they are, since CRDTs and OT cannot stand in one collection
 */
export function recommend(answers: Answers, measured: Measured, settings: Settings): Recommendation {
  const fields = fieldsOf(answers, measured, settings)
  const strategy = strategyOf(answers, measured, fields)
  const connectivity = connectivityOf(answers, measured)
  const ordering = orderingOf(answers, measured)
  const mode = modeOf(answers, measured)
  return {
    strategy,
    tieRule: tieRuleOf(answers, measured),
    fields,
    mode,
    ordering,
    connectivity,
    doubts: [...doubtsOf(answers, measured, strategy.value), ...fieldDoubts(answers, settings)],
  }
}

/** DR2: the strategy of the records as a whole. */
function strategyOf(
  { shape, semantics }: Answers,
  { conflicts }: Measured,
  fields: readonly FieldAdvice[],
): Advice<StrategyName> {
  const reason = (says: string) => because('DR2', says)
  const cost = semantics.choice
  const disjoint = disjointWords(conflicts)
  const isDisjoint = conflicts !== null && isMostlyDisjoint(conflicts)
  if (shape.choice === null) {
    if (isDisjoint) return advice('field-merge', reason(disjoint ?? ''))
    return advice<StrategyName>(
      null,
      reason('nobody said what shape the data has'),
      reason(
        conflicts === null
          ? 'no conflict of the range could be looked at'
          : (disjoint ?? 'no conflict with a known base'),
      ),
    )
  }
  if (isWhole(shape.choice)) {
    const makes =
      shape.choice === 'whole' ? 'a record makes sense as a whole' : 'binary data cannot be merged'
    if (cost === null)
      return advice<StrategyName>(null, reason(`${makes}, and nobody said what a lost update costs`))
    if (cost === 'harmless') return advice('lww', reason(`${makes}, and a lost update is harmless`))
    if (cost === 'never') return advice('manual', reason(`${makes}, and no update may be lost`))
    return advice('fww', reason(`${makes}, and a lost update is ${cost}: what comes second goes to a person`))
  }
  if (fields.length > 0 || isDisjoint)
    return advice(
      'field-merge',
      ...(isDisjoint ? [reason(disjoint ?? '')] : []),
      ...(fields.length > 0
        ? [
            reason(
              `${pluralText(fields.length, 'field')} with a strategy of ${fields.length === 1 ? 'its' : 'their'} own`,
            ),
          ]
        : []),
    )
  if (shape.choice === 'fields')
    return advice('field-merge', reason('fields of a record change apart from each other'))
  const what =
    shape.choice === 'text' ? 'several people type in one text' : 'counters and sets are changed by several'
  return advice<StrategyName>(null, reason(`${what}, and nobody said which fields those are`))
}

/** DR3: what happens where both changed the same field. */
function tieRuleOf({ semantics }: Answers, { rate }: Measured): Advice<TieRule> {
  const reason = (says: string) => because('DR3', says)
  switch (semantics.choice) {
    case null:
      return advice<TieRule>(null, reason('nobody said what a lost update costs'))
    case 'harmless':
    case 'annoying':
      return advice('lww', reason(`a lost update is ${semantics.choice}, so that nobody has to be asked`))
    case 'costly':
    case 'never': {
      const cost = semantics.choice === 'never' ? 'no update may be lost' : 'a lost update is costly'
      const work =
        rate === null || rate.mutations === 0
          ? 'how many decisions that makes is not known'
          : `at most ${decisions(rate.conflicts / rate.mutations, rate.perDay)} a day, as conflicts are now`
      return advice('manual', reason(`${cost}: a person decides`), reason(work))
    }
  }
}

const decisions = (share: number, perDay: number): string => pluralText(Math.ceil(share * perDay), 'decision')

const isWhole = (shape: Choice<'shape'> | null): boolean => shape === 'whole' || shape === 'binary'

/** DR4: fields that merge by what they are; none of a whole, which one field of its own takes apart (CS3). */
function fieldsOf(
  { shape, fields, semantics }: Answers,
  { conflicts, changes }: Measured,
  settings: Settings,
): readonly FieldAdvice[] {
  if (isWhole(shape.choice)) return []
  const usesOt = [settings.strategy, ...Object.values(settings.fieldStrategies)].includes('ot')
  const contested = new Map(conflicts?.fields.map((field) => [field.place, field.conflicts]))
  const advised = Object.entries(fields).flatMap(([place, kind]) => {
    const own = ownStrategy(kind, semantics.choice, usesOt)
    if (own === null) return []
    const reasons = [because('DR4', own.says)]
    const hit = contested.get(place)
    if (hit !== undefined && conflicts !== null)
      reasons.push(
        because('DR4', `${countText(hit)} of ${pluralText(conflicts.sampled, 'conflict')} are over it`),
      )
    if (kind === 'text' && changes !== null && changes.sampled >= ENOUGH && changes.shared === 0)
      reasons.push(
        because('DR4', `no record of the last ${pluralText(changes.sampled, 'change')} had two writers yet`),
      )
    return [{ place, strategy: own.strategy, reasons }]
  })
  return advised.sort((a, b) => (a.place < b.place ? -1 : 1))
}

function ownStrategy(
  kind: FieldKind,
  cost: Choice<'semantics'> | null,
  usesOt: boolean,
): { readonly strategy: StrategyName; readonly says: string } | null {
  switch (kind) {
    case 'plain':
      return null
    case 'text':
      return usesOt
        ? { strategy: 'ot', says: 'a text that several type in, in a collection that is under OT' }
        : { strategy: 'crdt', says: 'a text that several type in: what each typed stays' }
    // Beside OT a CRDT cannot stand: the nearest that loses nothing is a person.
    case 'counter':
      return usesOt
        ? { strategy: 'manual', says: 'a counter, and CRDTs cannot stand beside OT' }
        : { strategy: 'crdt', says: 'a counter: each one’s count adds up' }
    case 'set':
      return usesOt
        ? { strategy: 'manual', says: 'a set, and CRDTs cannot stand beside OT' }
        : { strategy: 'crdt', says: 'a set: what each added stays' }
    case 'money':
      return cost === 'costly' || cost === 'never'
        ? {
            strategy: 'manual',
            says: 'money or stock, where a wrong sum is costly: a person decides, within a business rule',
          }
        : {
            strategy: 'fww',
            says: 'money or stock: what comes second is held against the first, within a business rule',
          }
  }
}

/** DR5: whether devices send what changed, or whole documents. */
function modeOf({ volume }: Answers, { delta }: Measured): Advice<'delta' | 'full'> {
  const share = deltaShare(delta)
  if (delta === null || share === null) {
    const said = volume.choice === 'full' ? 'full' : volume.choice === 'deltas' ? 'delta' : null
    const missing = because('DR5', 'too few changes have been seen to compare them with their documents')
    return said === null
      ? advice<'delta' | 'full'>(null, missing)
      : advice(said, because('DR5', `somebody said so: ${volume.choice}`), missing)
  }
  const says = `a change is ${percentText(share)} of its document, in ${pluralText(delta.changes, 'change')}`
  return share <= DELTA_SHARE_MAX
    ? advice('delta', because('DR5', says))
    : advice('full', because('DR5', `${says}: sending the part saves little`))
}

/** Null while too few have been seen. */
export const deltaShare = (delta: Measured['delta']): number | null =>
  delta === null || delta.changes < ENOUGH || delta.documentBytes === 0
    ? null
    : delta.changeBytes / delta.documentBytes

/** DR6: whether changes have to come in the order of their causes. */
function orderingOf({ ordering }: Answers, { changes }: Measured): Advice<Choice<'ordering'>> {
  const reason = (says: string) => because('DR6', says)
  if (changes !== null && changes.withAfter > 0)
    return advice(
      'causal',
      reason(
        `${countText(changes.withAfter)} of the last ${pluralText(changes.sampled, 'change')} name one that has to come before`,
      ),
    )
  if (ordering.choice !== null) return advice(ordering.choice, reason('somebody said so'))
  return advice<Choice<'ordering'>>(
    null,
    reason(
      changes === null
        ? 'no change has been seen'
        : `none of the last ${pluralText(changes.sampled, 'change')} names one before it, and nobody said whether any should`,
    ),
  )
}

/** DR7: how its devices are connected; what was measured goes before what was said. */
function connectivityOf({ connectivity }: Answers, { waits }: Measured): Advice<Choice<'connectivity'>> {
  const reason = (says: string) => because('DR7', says)
  const measured = measuredConnectivity(waits)
  if (measured !== null && waits !== null)
    return advice(
      measured,
      reason(`95 % of ${pluralText(waits.count, 'change')} waited ${durationText(waits.p95Ms)} or less`),
    )
  const few = reason('too few changes have been timed')
  return connectivity.choice === null
    ? advice<Choice<'connectivity'>>(null, few)
    : advice(connectivity.choice, reason('somebody said so'), few)
}

/** Null while too few changes have been timed. */
export function measuredConnectivity(waits: Measured['waits']): Choice<'connectivity'> | null {
  if (waits === null || waits.count < ENOUGH) return null
  if (waits.p95Ms <= ONLINE_MS) return 'online'
  return waits.p95Ms <= MOSTLY_OFFLINE_MS ? 'occasionally' : 'mostly'
}

/** What was said, and is otherwise where it was measured. */
function doubtsOf(answers: Answers, measured: Measured, strategy: StrategyName | null): readonly Reason[] {
  const doubts: Reason[] = []
  const { connectivity, volume, ordering, shape } = answers
  const seen = measuredConnectivity(measured.waits)
  if (connectivity.choice !== null && seen !== null && seen !== connectivity.choice)
    doubts.push(because('DR7', `said to be ${OFFLINE[connectivity.choice]}, measured as ${OFFLINE[seen]}`))
  const share = deltaShare(measured.delta)
  if (volume.choice !== null && share !== null && (volume.choice === 'deltas') !== share <= DELTA_SHARE_MAX)
    doubts.push(
      because(
        'DR5',
        `said to send ${volume.choice === 'full' ? 'whole documents' : 'deltas'}, and a change is ${percentText(share)} of its document`,
      ),
    )
  if (ordering.choice !== null && ordering.choice !== 'causal' && (measured.changes?.withAfter ?? 0) > 0)
    doubts.push(because('DR6', 'said to need no causal order, and changes name others that come before'))
  const { conflicts } = measured
  const isApart = conflicts !== null && isMostlyDisjoint(conflicts)
  if (isWhole(shape.choice) && isApart && strategy !== 'field-merge')
    doubts.push(because('DR2', `said to be one whole, and ${disjointWords(conflicts)}`))
  if (shape.choice === 'fields' && conflicts !== null && conflicts.knownBase >= ENOUGH && !isApart)
    doubts.push(because('DR2', `said to have fields that change apart, and only ${disjointWords(conflicts)}`))
  return doubts
}

/** DR4: fields that are said to be one thing, and set or named as another. */
function fieldDoubts({ shape, fields }: Answers, { fieldStrategies }: Settings): readonly Reason[] {
  const set = Object.keys(fieldStrategies).length
  const named = Object.values(fields).filter((kind) => kind !== 'plain').length
  if (isWhole(shape.choice)) {
    const apart = 'such a record is settled field by field'
    return [
      [set, 'set to a strategy of their own'] as const,
      [named, 'named as more than a plain value'] as const,
    ].flatMap(([count, how]) =>
      count === 0
        ? []
        : [
            because(
              'DR4',
              `said to be one whole, and fields are ${how}, ${countText(count)} of them: ${apart}`,
            ),
          ],
    )
  }
  return Object.entries(fields).flatMap(([place, kind]) => {
    const own = Object.hasOwn(fieldStrategies, place) ? fieldStrategies[place] : undefined
    return kind !== 'plain' || own === undefined
      ? []
      : [because('DR4', `${place} is said to be a plain value, and is set to ${own}`)]
  })
}

const OFFLINE = {
  online: 'online',
  occasionally: 'occasionally offline',
  mostly: 'mostly offline',
} as const

type Conflicts = NonNullable<Measured['conflicts']>
const isMostlyDisjoint = ({ knownBase, disjoint }: Conflicts): boolean =>
  knownBase >= ENOUGH && disjoint / knownBase >= MOSTLY

/** Null where no base is known. */
function disjointWords(conflicts: Conflicts | null): string | null {
  if (conflicts === null || conflicts.knownBase === 0) return null
  const { knownBase, disjoint } = conflicts
  return `${countText(disjoint)} of ${pluralText(knownBase, 'conflict')} touch different fields`
}
