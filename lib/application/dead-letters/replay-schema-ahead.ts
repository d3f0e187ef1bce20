import type { Collection, Cursor, DeadLetterRow } from '#lib/storage/ports.ts'
import { SYSTEM } from '../access/audit-entry.ts'
import type { Context } from '../context.ts'
import { isApplicationError } from '../errors.ts'
import { replayLetter } from './replay.ts'

/** Letters that one run replays; the next run of the ticker goes on. */
const LETTERS_PER_RUN_MAX = 200
const PAGE = 200
/** Open letters that one run looks at. */
const PAGES_PER_RUN_MAX = 50

/**
 * Replays the letters whose schema version has been published since they were last tried (DL5), oldest first. Called at
 * publication, and by the ticker for those past the bound or left over by a crash. Returns how many ran.
 */
export async function replaySchemaAhead(ctx: Context, fleetId: string): Promise<number> {
  const collections = new Map((await ctx.storage.collections.list(fleetId)).map((one) => [one.name, one]))
  const letters = await openSchemaAhead(ctx, fleetId)
  const due = letters.filter((letter) => {
    const collection = collections.get(letter.mutation.collection)
    return collection !== undefined && isDue(letter, collection)
  })
  const run = due.slice(0, LETTERS_PER_RUN_MAX)
  for (const letter of run) await replayUnlessClosed(ctx, letter)
  return run.length
}

/** Oldest first: those that wait for a version far ahead must not stand in the way of the others. */
async function openSchemaAhead(ctx: Context, fleetId: string): Promise<readonly DeadLetterRow[]> {
  const filter = {
    status: 'open',
    code: 'schema_ahead',
    collection: null,
    appVersion: null,
    deviceId: null,
    sessionId: null,
    path: null,
  } as const
  const letters: DeadLetterRow[] = []
  let cursor: Cursor | null = null
  for (let page = 0; page < PAGES_PER_RUN_MAX; page++) {
    const { items, next } = await ctx.storage.deadLetters.list(fleetId, filter, { limit: PAGE, cursor })
    letters.push(...items)
    if (next === null) break
    cursor = next
  }
  return letters.reverse()
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
