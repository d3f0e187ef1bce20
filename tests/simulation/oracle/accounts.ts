import type { World } from '../world/world.ts'
import type { Ledger } from './ledger.ts'

const STANDS: ReadonlySet<string> = new Set(['applied', 'merged'])

/** A and E at the end: nothing is nowhere, nothing counted twice, and what stands together stands together. */
export async function checkAccounts({
  world,
  ledger,
}: {
  readonly world: World
  readonly ledger: Ledger
}): Promise<void> {
  const { effects } = ledger.history
  const refused = new Set(
    world.devices.flatMap(({ replica }) => replica?.refusals$.get().map(({ mutation }) => mutation.id) ?? []),
  )
  for (const [id, { device, collection, recordId }] of ledger.intents) {
    if (effects.has(id) || refused.has(id)) continue
    // The server lost it in the restore, and the device its copy in the damage, or gave it up for lack of room.
    if (ledger.history.epoch > 1 && (ledger.damaged.has(device) || world.windows.cramped.has(device)))
      continue
    const isCramped = world.windows.cramped.has(device)
    if (ledger.damaged.has(device)) {
      // Without room the notice of what is lost stays in memory.
      if (isCramped) continue
      const told = world.devices[device]?.replica?.recoveries$.get() ?? []
      if (
        told.some(
          ({ mayHaveLostMore, changesLost }) =>
            mayHaveLostMore || changesLost.some((one) => one.recordId === recordId),
        )
      )
        continue
    }
    ledger.blame('A', `${id} of device ${device} on ${collection}/${recordId} is nowhere`)
  }
  for (const group of ledger.atomic) {
    const done = group.filter((id) => STANDS.has(effects.get(id)?.status ?? ''))
    if (group.some((id) => effects.has(id)) && done.length !== group.length)
      ledger.blame('B', `of ${group.join()} only ${done.join() || 'none'} stand`)
  }
  for (const [id, status] of ledger.history.conflicts)
    if (status === 'open') ledger.blame('A', `conflict ${id} is open after everything was decided`)
  const lost = lostBelowTotals(world, ledger, refused)
  checkTallies(ledger, refused, lost)
}

/**
 * By record, the steps without an effect of their own, as their device gave them up for room, or lost them with its disk,
 * that may count nevertheless: the total of a later step says all that was counted under its id so far. One that was made
 * anew under another id (FK3), or on what a restored server showed, does without.
 */
function lostBelowTotals(
  world: World,
  ledger: Ledger,
  refused: ReadonlySet<string>,
): ReadonlyMap<string, readonly number[]> {
  const counters = new Set<string>()
  const lost = new Map<string, number[]>()
  for (const [id, { device, collection, recordId, counted }] of [...ledger.intents].reverse()) {
    if (collection !== 'tallies' || counted === 0 || refused.has(id)) continue
    // A copy of a store goes on from its totals.
    const counter = `${world.devices[device]?.origin} ${recordId}`
    if (ledger.history.effects.has(id)) counters.add(counter)
    else if (counters.has(counter)) lost.set(recordId, [...(lost.get(recordId) ?? []), counted])
  }
  return lost
}

/** The total with any of these steps. */
const sumsWith = (total: number, steps: readonly number[]): ReadonlySet<number> =>
  steps.reduce<ReadonlySet<number>>(
    (sums, step) => new Set([...sums].flatMap((sum) => [sum, sum + step])),
    new Set([total]),
  )

/** Every step that was counted is in the counter once, every tag in the set. */
function checkTallies(
  ledger: Ledger,
  refused: ReadonlySet<string>,
  lost: ReadonlyMap<string, readonly number[]>,
): void {
  const totals = new Map<string, number>()
  const tags = new Map<string, Set<number>>()
  // A person decides about it: it met no record after a restore, or a copy of its device sent what may be a part of it. Or it
  // was replaced.
  const decided = new Set<string>()
  for (const [id, intent] of ledger.intents) {
    const effect = ledger.history.effects.get(id)
    if (intent.collection !== 'tallies' || !effect) continue
    if (refused.has(id) || !STANDS.has(effect.status)) decided.add(intent.recordId)
    // With its disk it lost that it had made the record: what it makes anew replaces what it alone had written (CS9).
    const isMadeAnew = intent.before === null && totals.has(intent.recordId)
    if (isMadeAnew && ledger.damaged.has(intent.device)) decided.add(intent.recordId)
    totals.set(intent.recordId, (totals.get(intent.recordId) ?? 0) + intent.counted)
    const own = tags.get(intent.recordId) ?? new Set()
    tags.set(intent.recordId, own)
    for (const tag of intent.tags) own.add(tag)
  }
  for (const [recordId, total] of totals) {
    if (ledger.uncertain.has(`tallies/${recordId}`) || decided.has(recordId)) continue
    const data = ledger.history.records.get(`tallies/${recordId}`)?.versions.at(-1)?.data
    const counted = data?.['total'] ?? 0
    const sums = sumsWith(total, lost.get(recordId) ?? [])
    if (typeof counted !== 'number' || !sums.has(counted))
      ledger.blame('E', `tallies/${recordId} counts ${JSON.stringify(counted)}, its steps are ${total}`)
    const held = new Set(Array.isArray(data?.['tags']) ? (data['tags'] as unknown[]) : [])
    for (const tag of tags.get(recordId) ?? [])
      if (!held.has(tag)) ledger.blame('A', `tallies/${recordId} lacks the tag ${tag}`)
  }
}
