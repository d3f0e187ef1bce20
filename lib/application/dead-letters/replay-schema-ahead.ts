import type { Collection, DeadLetterRow } from '#lib/storage/ports.ts'
import { SYSTEM } from '../access/audit-entry.ts'
import type { Context } from '../context.ts'
import { isApplicationError } from '../errors.ts'
import { replayLetter } from './replay.ts'

/** Letters that one run looks at; the next run of the ticker goes on. */
const LETTERS_PER_RUN_MAX = 200

/**
 * Replays the letters whose schema version has been published since they were last tried (DL5). Called at publication,
 * and by the ticker for those past the bound or left over by a crash. Returns how many ran.
 */
export async function replaySchemaAhead(ctx: Context, fleetId: string): Promise<number> {
  const collections = new Map((await ctx.storage.collections.list(fleetId)).map((one) => [one.name, one]))
  const letters = await openSchemaAhead(ctx, fleetId)
  let ran = 0
  for (const letter of letters) {
    const collection = collections.get(letter.mutation.collection)
    if (!collection || !isDue(letter, collection)) continue
    await replayUnlessClosed(ctx, letter)
    ran += 1
  }
  return ran
}

async function openSchemaAhead(ctx: Context, fleetId: string): Promise<readonly DeadLetterRow[]> {
  const filter = {
    status: 'open',
    code: 'schema_ahead',
    collection: null,
    appVersion: null,
    deviceId: null,
    sessionId: null,
  } as const
  const page = await ctx.storage.deadLetters.list(fleetId, filter, {
    limit: LETTERS_PER_RUN_MAX,
    cursor: null,
  })
  return page.items.toReversed()
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
