import type { Failure } from './failures.ts'
import { refuseAlone } from './refuse-alone.ts'
import type { StoreTx } from './store.ts'
import type { InFlight, LocalRefusal } from './tables.ts'

type Refused = Extract<Failure, { kind: 'refused' }>

/** Enough halvings to get from 500 mutations to one, and to try that one again. */
const SPLITS_MAX = 12
/** So many are set aside at once; where a server refuses all there is, it is asked about more only after a wait. */
const CULPRITS_MAX = 10

/** What a session has done so far about pushes that were refused as a whole. */
export interface Tries {
  /** Since the last culprit. */
  readonly splits: number
  readonly culprits: number
  readonly code: string
}

interface Refusal extends Tries {
  readonly refusals: readonly LocalRefusal[]
  /** Why the session ends now. */
  readonly ends?: Failure
}

/** What the step that pushes does with the rest of a batch, in the same transaction. */
interface Rest {
  readonly halve: () => Promise<void>
  readonly sendRest: () => Promise<unknown>
}

/**
 * A push that was refused as a whole goes on in halves. A change that is refused alone never blocks the queue: it is set
 * aside, or waits, and the rest goes on (SM6, SM9).
 */
export async function refuseBatch(
  tx: StoreTx,
  nowMs: number,
  inFlight: InFlight,
  failure: Refused,
  before: Tries = { splits: 0, culprits: 0, code: 'push_refused' },
  { halve, sendRest }: Rest,
): Promise<Refusal> {
  const ended = { ...before, refusals: [], ends: failure }
  if (!refusesBatch(failure)) return ended
  if (inFlight.mutationIds.length > 1) {
    await halve()
    return goesOn({ ...before, splits: before.splits + 1 }, [])
  }
  const refusals = await refuseAlone(tx, inFlight, failure, nowMs)
  // It is to be asked about again.
  if (!refusals) return ended
  await sendRest()
  // No change is to blame for what a gateway says.
  const code = failure.code === 'http_413' ? failure.code : before.code
  return goesOn({ splits: 0, culprits: before.culprits + 1, code }, refusals)
}

const goesOn = (tries: Tries, refusals: readonly LocalRefusal[]): Refusal =>
  tries.splits < SPLITS_MAX && tries.culprits < CULPRITS_MAX
    ? { ...tries, refusals }
    : { ...tries, refusals, ends: { kind: 'refused', status: 0, code: tries.code, detail: '' } }

/** What is wrong with the headers or the envelope is no fault of the mutations: they wait. */
const refusesBatch = ({ status, code, place }: Refused): boolean =>
  ([400, 413, 422].includes(status) || code === 'collection_forbidden') &&
  String(place ?? '/mutations').startsWith('/mutations')
