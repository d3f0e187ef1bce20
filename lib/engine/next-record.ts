import { compareHlc } from '#lib/kernel/hlc.ts'
import { assert } from '#lib/kernel/result.ts'
import { recordWrite, seenUpTo } from '#lib/kernel/version-vector.ts'
import { authorOf } from './check-mutation.ts'
import { isByField } from './conflict/choose-strategy.ts'
import { stampsAfter } from './conflict/field-stamps.ts'
import type { NewLife, OtWrite } from './decide-record.ts'
import type { PushDraft } from './push-draft.ts'
import { headOf, recordOf, standingRecord } from './push-draft.ts'
import type { CollectionRules, IncomingMutation, IncomingPush, RecordState, SeenDocument } from './types.ts'

interface Written {
  readonly draft: PushDraft
  readonly push: IncomingPush
  readonly incoming: IncomingMutation
}

/** The next version of the record. Its stamp never goes back, so that an older one can't win later. */
export function nextRecord(
  { draft, push, incoming }: Written,
  rules: CollectionRules,
  { data, crdt, anew, knows }: SeenDocument & NewLife,
  ot: OtWrite | undefined,
): RecordState {
  const { collection, recordId, hlc } = incoming.mutation
  const current = recordOf(draft, incoming.mutation)
  const author = authorOf(push, incoming)
  const standing = isByField(rules) ? standingRecord(draft, incoming.mutation) : null
  const stamps = standing && stampsAfter(standing, { data, hlc })
  const version = headOf(draft, collection) + 1
  assert(version > (current?.version ?? 0), 'a record is never newer than its stream')
  const life = anew ? version : current?.life
  return {
    collection,
    recordId,
    version,
    deleted: data === null,
    data,
    hlc: current && compareHlc(current.hlc, hlc) > 0 ? current.hlc : hlc,
    deviceId: author,
    versionVector: recordWrite(seenUpTo(current?.versionVector ?? {}, knows), author, version),
    schemaVersion: rules.schemaVersion,
    crdt,
    ...(life === undefined ? {} : { life }),
    ...(ot && Object.keys(ot.states).length > 0 ? { ot: ot.states } : {}),
    ...(stamps ? { stamps } : {}),
  }
}
