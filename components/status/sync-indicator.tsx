'use client'
import { Status } from '#components/ui/status.tsx'
import { useNow } from '#components/ui/viewer-clock.ts'
import type { Replica } from '#lib/client/replica.ts'
import { headWords, syncFacts, syncWords } from './sync-words.ts'
import { useConflicts, useDeadLetters, useRefusals, useSyncStatus } from './use-replica.ts'

/**
 * One line for the head of every page: the state by shape and word, what is open of the person's work, and how many changes
 * wait. `isLost`: a rebuild cost work that the person has not been told of yet.
 */
export function SyncIndicator({
  replica,
  isLost = false,
}: {
  replica: Pick<Replica, 'status$' | 'conflicts$' | 'deadLetters$' | 'refusals$'>
  isLost?: boolean
}) {
  const status = useSyncStatus(replica)
  const toDecide = useConflicts(replica).length
  const notApplied = useDeadLetters(replica).length + useRefusals(replica).length
  const { kind, word } = headWords(status, { toDecide, notApplied, isLost })
  return (
    <span className="sync-indicator" role="status">
      <Status kind={kind}>{word}</Status>
      {status.pending === 0 ? null : <span className="sub"> · {status.pending} waiting</span>}
    </span>
  )
}

/** All of it: state, why, what waits and since when, the last session and the next. */
export function SyncDetails({ replica }: { replica: Pick<Replica, 'status$'> }) {
  const status = useSyncStatus(replica)
  const nowMs = useNow(0)
  const { kind, word, why } = syncWords(status)
  const { waiting, oldest, last, next } = syncFacts(status, nowMs)
  return (
    <div className="sync-details">
      <p>
        <Status kind={kind}>{word}</Status> <span>{why}</span>
      </p>
      <dl className="kv">
        <dt>Waits to be sent</dt>
        <dd>{waiting}</dd>
        {oldest === null ? null : (
          <>
            <dt>Oldest of it</dt>
            <dd>{oldest}</dd>
          </>
        )}
        <dt>Last sync</dt>
        <dd>{last}</dd>
        <dt>Next try</dt>
        <dd>{next ?? 'none planned'}</dd>
      </dl>
    </div>
  )
}
