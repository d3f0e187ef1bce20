import { ok } from '#lib/kernel/result.ts'
import { yjsText } from '../crdt/text-yjs.ts'
import type { PushWork } from '../push-work.ts'
import type { Evolution } from './evolution.ts'
import { createEvolution } from './evolution.ts'
import type { MigrationCel } from './migration-cel.ts'
import { compileMigrationCel } from './migration-cel.ts'

const evolution = createEvolution(compileMigrationCel, () => yjsText)

/** With the evaluator and the text engine at hand, as a server has them; what it computes is noted in `work` (PU7). */
function evolutionIn(work?: PushWork): Evolution {
  if (!work) return evolution
  const made = evolutions.get(work) ?? createEvolution(noting(work), () => yjsText)
  evolutions.set(work, made)
  return made
}

/** One a push: made anew for each mutation, it took as long as two of the checks. */
const evolutions = new WeakMap<PushWork, Evolution>()

type Noted<K extends keyof Evolution> = (
  ...args: [...Parameters<Evolution[K]>, work?: PushWork]
) => ReturnType<Evolution[K]>

export const migrateDocument: Noted<'document'> = (rules, document, from, work) =>
  evolutionIn(work).document(rules, document, from)
export const migrateRecord: Noted<'record'> = (rules, record, from, work) =>
  evolutionIn(work).record(rules, record, from)
export const migrateMutation: Noted<'mutation'> = (rules, mutation, work) =>
  evolutionIn(work).mutation(rules, mutation)

const noting =
  (work: PushWork): MigrationCel =>
  (cel) => {
    const made = compileMigrationCel(cel)
    if (!made.ok) return made
    return ok({ ...made.value, evaluate: (data) => made.value.evaluate(data, work) })
  }
