import { useEffect, useState } from 'react'
import { readAnew, sendDiagnostics } from '#components/status/device-acts.ts'
import { DeadLetterNotice } from '#components/status/dead-letter-notice.tsx'
import { DiagnosticsButton } from '#components/status/diagnostics-button.tsx'
import { RecoveryPanel } from '#components/status/recovery-panel.tsx'
import { StorageMeter } from '#components/status/storage-meter.tsx'
import { SyncDetails } from '#components/status/sync-indicator.tsx'
import { costlyRecovery } from '#components/status/recovery-words.ts'
import { useConflicts, useRecoveries, useSyncStatus } from '#components/status/use-replica.ts'
import { plural } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { APP, APP_VERSION, type FieldDevice } from './device.ts'
import { keepSeenRecovery } from './kept.ts'
import { labelOf } from './report-fields.ts'
import { changedTitle } from './report-title.ts'

/** This device: how it stands, what can be done about it, and what helps whoever helps. */
export function DevicePage({ device: { replica, store } }: { device: FieldDevice }) {
  const { paused, state, deviceId } = useSyncStatus(replica)
  const [isBusy, setIsBusy] = useState(false)
  const toDecide = useConflicts(replica).length
  const lost = costlyRecovery(useRecoveries(replica))
  useEffect(() => {
    // What it cost stands below: the other pages need say it no more.
    if (lost !== null) keepSeenRecovery(lost.noticedAtMs)
  }, [lost])
  const sync = (): void => {
    setIsBusy(true)
    if (state === 'halted' || paused === 'here') replica.resume()
    replica
      .sync()
      .catch(() => undefined)
      .finally(() => setIsBusy(false))
  }
  return (
    <>
      <h1>This device</h1>
      <section aria-label="Sync">
        <SyncDetails replica={replica} />
        <div className="acts">
          <button
            type="button"
            className="btn primary"
            disabled={isBusy || state === 'offline'}
            onClick={sync}
          >
            {isBusy ? 'Syncing…' : paused === 'here' ? 'Go on syncing' : 'Sync now'}
          </button>
          {paused === 'here' ? null : (
            <button type="button" className="btn" onClick={() => replica.pause()}>
              Pause
            </button>
          )}
        </div>
      </section>
      {toDecide === 0 ? null : (
        <p>
          <Status kind="warn">To decide</Status>{' '}
          <a className="link" href="#/">
            {plural(toDecide, 'report')} {toDecide === 1 ? 'waits' : 'wait'} for your decision
          </a>
        </p>
      )}
      <DeadLetterNotice replica={replica} describe={changedTitle} label={labelOf} />
      <section aria-label="Storage">
        <h2>Room on this device</h2>
        <StorageMeter />
      </section>
      <h2>Recovery</h2>
      <RecoveryPanel replica={replica} startOver={() => readAnew(store)} />
      <h2>Diagnostics</h2>
      <DiagnosticsButton send={() => sendDiagnostics({ replica, store, url: location.origin, app: APP })} />
      <p className="sub">
        Device <span className="mono">{deviceId}</span> · version {APP_VERSION}
      </p>
    </>
  )
}
