import { planLoad } from '#lib/engine/load-plan.ts'
import { isStampedAhead } from '#lib/engine/stamped-ahead.ts'
import { usesOt } from '#lib/engine/ot/paths.ts'
import type { PushPlan, PushSnapshot, PushTx, PushWrites, Storage } from '#lib/storage/ports.ts'
import { ApplicationError } from '../errors.ts'
import type { Group } from './decide-group.ts'
import { decideNext, startGroup, takeChanges, takeWrites } from './decide-group.ts'
import { loadSome } from './load-some.ts'
import type { PushJob, PushOutcome } from './push-job.ts'
import type { FleetRules, RulesCache } from './rules.ts'

export interface CommitDeps {
  readonly storage: Storage
  readonly rules: RulesCache
  readonly clock: { now(): number }
  readonly ids: () => string
}

export interface DecidedGroup {
  /** One a job, in order. */
  readonly outcomes: readonly PushOutcome[]
  readonly written: readonly PushWrites[]
}

/** A schema published between two reads of the rules is read again; more often than this is no coincidence. */
const RULES_RELOADS_MAX = 3

/**
 * Plans, locks, loads, decides and writes a group of pushes of one fleet in one transaction (decision 0005).
 * @param onDecided called when nothing but the storage's work is left
 * @throws PlanTooLarge of several pushes that need more than one read takes together
 */
export async function commitGroup(
  deps: CommitDeps,
  fleetId: string,
  jobs: readonly PushJob[],
  onDecided: () => void,
): Promise<DecidedGroup> {
  let rules = await deps.rules.get(fleetId)
  for (let reload = 0; reload <= RULES_RELOADS_MAX; reload++) {
    const decided = await commitOnce(deps, fleetId, jobs, rules, onDecided)
    if (decided) return decided
    rules = await deps.rules.reload(fleetId)
  }
  throw new ApplicationError('shed', { detail: 'the collections are changing', retryAfterMs: 1_000 })
}

/** Null when the rules are not those of the transaction's config version; nothing is written then. */
function commitOnce(
  { storage, clock, ids }: CommitDeps,
  fleetId: string,
  jobs: readonly PushJob[],
  rules: FleetRules,
  onDecided: () => void,
): Promise<DecidedGroup | null> {
  return storage.sync.transact(fleetId, async (tx) => {
    const { snapshot, leftOut } = await loadFor(tx, jobs, rules)
    if (snapshot.fleet.configVersion !== rules.configVersion) return null
    const group = startGroup(snapshot, rules, clock.now(), ids, leftOut)
    return decideAndWrite(tx, group, jobs, onDecided)
  })
}

/**
 * Of a push alone as many mutations as one read takes; the others are to come again (`push_full`). Several are not cut: each is
 * tried alone then, so that none has another result for the others (PU4).
 */
async function loadFor(
  tx: PushTx,
  jobs: readonly PushJob[],
  rules: FleetRules,
): Promise<{ readonly snapshot: PushSnapshot; readonly leftOut: readonly string[] }> {
  const [job, ...others] = jobs
  if (!job || others.length > 0) return { snapshot: await tx.load(planOf(jobs, rules)), leftOut: [] }
  const { mutations } = job.push
  const { snapshot, some } = await loadSome(mutations, (first) =>
    tx.load(planOf([{ ...job, push: { ...job.push, mutations: first } } as PushJob], rules)),
  )
  // An id that stands in a push twice is among the first.
  const read = new Set(some.map(({ mutation }) => mutation.id))
  return { snapshot, leftOut: mutations.flatMap(({ mutation: { id } }) => (read.has(id) ? [] : [id])) }
}

/** So many changes are worth a write of their own: the storage works on them while the next pushes are decided. */
const CHANGES_PER_WRITE = 100

async function decideAndWrite(
  tx: PushTx,
  group: Group,
  jobs: readonly PushJob[],
  onDecided: () => void,
): Promise<DecidedGroup> {
  const outcomes: PushOutcome[] = []
  const written: PushWrites[] = []
  const sent: Promise<void>[] = []
  try {
    for (const [i, job] of jobs.entries()) {
      outcomes.push(decideNext(group, job))
      if (group.writes.changes.length < CHANGES_PER_WRITE || i === jobs.length - 1) continue
      const changes = takeChanges(group)
      written.push(changes)
      sent.push(tx.write(changes))
    }
    const last = takeWrites(group)
    if (last) {
      written.push(last)
      sent.push(tx.writeLast(last))
    }
    onDecided()
  } finally {
    await Promise.all(sent)
  }
  return { outcomes, written }
}

/** Devices in order, as streams are, so that two processes lock them alike. */
export function planOf(jobs: readonly PushJob[], rules: FleetRules): PushPlan {
  const ofDevices = jobs.filter((job) => job.kind === 'device').map(({ push }) => push)
  const plan = planLoad(
    jobs.map(({ push }) => push),
    (name) => {
      const own = rules.collections.get(name)
      return own !== undefined && usesOt(own) ? own : null
    },
  )
  return {
    ...plan,
    // A name that no collection has is no stream: its mutations become dead letters.
    streams: plan.streams.filter((name) => rules.collections.has(name)),
    deviceIds: [...new Set(ofDevices.map(({ deviceId }) => deviceId))].sort(),
    triesOf: triesOf(jobs, rules),
    linksOf: [...new Set(jobs.filter((job) => job.kind === 'replay').map(({ push }) => push.deviceId))],
    requests: ofDevices.map(({ deviceId, requestId }) => ({ deviceId, requestId })),
  }
}

/** Only what an authority must be asked about can fail for the moment, and what a clock stamps out of bounds. */
function triesOf(jobs: readonly PushJob[], { authorities }: FleetRules): readonly string[] {
  return jobs.flatMap(({ push, receivedAtMs }) =>
    push.mutations.flatMap(({ mutation }) =>
      authorities.has(mutation.collection) || isStampedAhead(mutation, receivedAtMs) ? [mutation.id] : [],
    ),
  )
}
