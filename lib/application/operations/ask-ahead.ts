import { batchSize } from '#lib/engine/operation-machine.ts'
import type { AuthorityVerdict } from '#lib/engine/types.ts'
import type { OperationRow } from '#lib/storage/ports.ts'
import { askAuthority } from '../authority/ask-authority.ts'
import type { Context } from '../context.ts'
import type { LetterMasks } from '../dead-letters/letter-masks.ts'
import type { FleetRules } from '../sync/rules.ts'
import { NOT_ASKED, prepareMembers, type Asked } from './run-members.ts'

/**
 * Asks the authorities about the next members, before anything is locked (AU1). Of what another process runs first the
 * answers are not needed; of what is not the next any more nothing was asked, and it waits for the next turn. So does what
 * stands behind a letter that gets no lasting answer: nobody is asked about it, or a silent backend would be waited for once
 * a letter.
 */
export async function askAhead(
  ctx: Context,
  row: OperationRow,
  rules: FleetRules,
  masks: LetterMasks,
): Promise<Asked> {
  const { fleetId, id } = row
  const { operations } = ctx.storage
  if (
    rules.authorities.size === 0 ||
    row.state !== 'running' ||
    (row.kind !== 'replay' && row.kind !== 'edit')
  )
    return NOT_ASKED
  const next = batchSize(row.ratePerSecond, row.done + row.skipped + row.errored)
  const prepared = await operations.look(fleetId, async (snapshot) => {
    const members = await snapshot.pending(id, 0, next)
    const letters = await snapshot.letters(members.map(({ letterId }) => letterId))
    return prepareMembers(ctx, row, { rules, masks }, members, letters, NOT_ASKED)
  })
  const verdicts = new Map<string, AuthorityVerdict>()
  const ids = new Map<string, string>()
  for (const one of prepared) {
    if (!('job' in one)) continue
    const [incoming] = one.job.push.mutations
    if (!incoming || !rules.authorities.has(incoming.mutation.collection)) continue
    ids.set(one.letter.id, incoming.mutation.id)
    const answers = await askAuthority(ctx, fleetId, one.job.push, rules.authorities)
    for (const [mutationId, verdict] of answers) verdicts.set(mutationId, verdict)
    const verdict = answers.get(incoming.mutation.id)
    if (verdict?.kind === 'unavailable' || verdict?.kind === 'shed') break
  }
  return { verdicts, ids, askedUnder: rules.configVersion }
}
