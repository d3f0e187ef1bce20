import { asks, LETTERS_ALL } from '#lib/query/letter-fields.ts'
import type { Collection, Cursor, DeadLetterRow } from '#lib/storage/ports.ts'
import { SYSTEM } from '../access/audit-entry.ts'
import type { Context } from '../context.ts'
import { isApplicationError, isStorageError } from '../errors.ts'
import { replayLetter } from './replay.ts'

/** Letters that one run replays; the next run of the ticker goes on. */
const LETTERS_PER_RUN_MAX = 200
const PAGE = 50
/** Open letters that one run looks at. */
const PAGES_PER_RUN_MAX = 200

/**
 * Replays the letters whose schema version has been published since they were last tried (DL5), oldest first. Called at
 * publication, and by the ticker for those past the bound or left over by a crash. A collection whose letter could not
 * run, because its stream is stuck or its breaker open, waits for the next run; the others have their turn. Returns how
 * many ran.
 * @throws the first failure after all had their turn; that the storage is away at once
 */
export async function replaySchemaAhead(ctx: Context, fleetId: string): Promise<number> {
  const failures: unknown[] = []
  const stuck = new Set<string>()
  let ran = 0
  for (const { id, collection } of await dueLetters(ctx, fleetId)) {
    if (ran >= LETTERS_PER_RUN_MAX) break
    const letter = stuck.has(collection) ? null : await ctx.storage.deadLetters.get(fleetId, id)
    if (!letter) continue
    ran += 1
    await replayUnlessClosed(ctx, letter).catch((error: unknown) => {
      if (isStorageError(error, 'storage_unavailable')) throw error
      if (isApplicationError(error)) stuck.add(collection)
      failures.push(error)
    })
  }
  if (failures.length > 0) throw failures[0]
  return ran
}

interface DueLetter {
  readonly id: string
  readonly collection: string
}

/** Their ids, oldest first: letters may be large, and those that wait for a version far ahead must not stand in the way. */
async function dueLetters(ctx: Context, fleetId: string): Promise<readonly DueLetter[]> {
  const collections = new Map((await ctx.storage.collections.list(fleetId)).map((one) => [one.name, one]))
  const conditions = [asks('status', 'open'), asks('code', 'schema_ahead')]
  const filter = { conditions, lookMax: LETTERS_ALL }
  const due: DueLetter[] = []
  let cursor: Cursor | null = null
  for (let page = 0; page < PAGES_PER_RUN_MAX; page++) {
    const { items, next } = await ctx.storage.deadLetters.list(fleetId, filter, { limit: PAGE, cursor })
    for (const letter of items) {
      const collection = collections.get(letter.mutation.collection)
      if (collection !== undefined && isDue(letter, collection))
        due.push({ id: letter.id, collection: collection.name })
    }
    if (next === null) break
    cursor = next
  }
  return due.reverse()
}

/** One that was tried on this version and died again waits for a person. */
const isDue = (
  { mutation, lastReplay }: DeadLetterRow,
  { schemaVersion, updatedAtMs }: Collection,
): boolean =>
  mutation.schemaVersion <= schemaVersion && (lastReplay === null || lastReplay.atMs < updatedAtMs)

/** Somebody may have replayed or discarded it meanwhile. */
async function replayUnlessClosed(ctx: Context, letter: DeadLetterRow): Promise<void> {
  try {
    await replayLetter(ctx, SYSTEM, letter, `schema version ${letter.mutation.schemaVersion} was published`)
  } catch (error) {
    if (!isApplicationError(error) || error.tidemarkCode !== 'not_replayable') throw error
  }
}
