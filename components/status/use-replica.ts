'use client'
import { useEffect, useState } from 'react'
import type { RecordView } from '#lib/client/collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { ReplicaStatus } from '#lib/client/status.ts'
import type { ConflictNotice, DeadLetterNotice, LocalRefusal, RecoveryNotice } from '#lib/client/tables.ts'
import { useObservable } from './use-observable.ts'

/** How the device stands: state, changes that wait, last and next session, what went wrong. */
export const useSyncStatus = (replica: Pick<Replica, 'status$'>): ReplicaStatus =>
  useObservable(replica.status$)

/** Records on which a person must decide. */
export const useConflicts = (replica: Pick<Replica, 'conflicts$'>): readonly ConflictNotice[] =>
  useObservable(replica.conflicts$)

/** Own changes that the server could not apply, and keeps for an operator. */
export const useDeadLetters = (replica: Pick<Replica, 'deadLetters$'>): readonly DeadLetterNotice[] =>
  useObservable(replica.deadLetters$)

/** Own changes that the server would not take, of which this device holds the only copy. */
export const useRefusals = (replica: Pick<Replica, 'refusals$'>): readonly LocalRefusal[] =>
  useObservable(replica.refusals$)

/** What a damaged store lost. */
export const useRecoveries = (replica: Pick<Replica, 'recoveries$'>): readonly RecoveryNotice[] =>
  useObservable(replica.recoveries$)

/** What a read of the store gave, until it is read anew: at each change of records or of what waits, here or in another tab. */
function useRead<T>(replica: Replica, read: () => Promise<T>): T | undefined {
  const revision = useObservable(replica.revision$)
  const { pending } = useSyncStatus(replica)
  const conflicts = useConflicts(replica)
  const [found, setFound] = useState<T>()
  useEffect(() => {
    let isLatest = true
    read().then(
      (value) => void (isLatest && setFound(value)),
      // A replica that is being closed answers no more; whatever else fails shows in its status.
      () => undefined,
    )
    return () => void (isLatest = false)
  }, [read, revision, pending, conflicts])
  return found
}

/** One record as this device shows it; null where there is none, undefined until it was read. Give a stable `read`. */
export const useRecord = (
  replica: Replica,
  read: () => Promise<RecordView | null>,
): RecordView | null | undefined => useRead(replica, read)

/** Records as this device shows them, or what is made of them; undefined until they were read. Give a stable `read`. */
export const useRecords = <T = readonly RecordView[]>(
  replica: Replica,
  read: () => Promise<T>,
): T | undefined => useRead(replica, read)
