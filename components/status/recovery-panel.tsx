'use client'
import { useState } from 'react'
import { plural } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import type { Replica } from '#lib/client/replica.ts'
import { recoverySentence } from './recovery-words.ts'
import { useRecoveries, useSyncStatus } from './use-replica.ts'

/**
 * What a damaged store lost, and a way to read everything anew that keeps unsynced work. `startOver` marks the store
 * (see docs/field.md); the session that reads follows at once where there is a network.
 */
export function RecoveryPanel({
  replica,
  startOver,
}: {
  replica: Pick<Replica, 'recoveries$' | 'status$' | 'sync'>
  startOver: () => Promise<void>
}) {
  const recoveries = useRecoveries(replica)
  const { pending } = useSyncStatus(replica)
  const [said, setSaid] = useState<string | null>(null)
  const [isBusy, setIsBusy] = useState(false)
  const run = (): void => {
    setIsBusy(true)
    startOver()
      .then(() => replica.sync())
      .then(({ problem, state }) =>
        setSaid(
          problem === null && state === 'idle'
            ? 'Everything was read anew.'
            : 'It is read anew as soon as the server can be reached.',
        ),
      )
      .catch((error: unknown) => setSaid(error instanceof Error ? error.message : String(error)))
      .finally(() => setIsBusy(false))
  }
  return (
    <section className="recovery-panel" aria-label="Recovery">
      {recoveries.map((notice) => (
        <p key={notice.noticedAtMs}>
          <Status kind="warn">Rebuilt</Status> {recoverySentence(notice)}
        </p>
      ))}
      <p>
        If something looks wrong, read everything anew from the server.{' '}
        {pending === 0
          ? 'Nothing waits to be sent.'
          : `${plural(pending, 'change')} of yours ${pending === 1 ? 'stays' : 'stay'} and ${pending === 1 ? 'is' : 'are'} sent.`}
      </p>
      <div className="acts">
        <button type="button" className="btn" disabled={isBusy} onClick={run}>
          {isBusy ? 'Reading…' : 'Read everything anew'}
        </button>
      </div>
      <p role="status">{said}</p>
    </section>
  )
}
