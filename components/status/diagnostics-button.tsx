'use client'
import { useState } from 'react'

/** Sends an account of this device to whoever helps: names, codes, counts and times, no documents and no credentials. */
export function DiagnosticsButton({ send }: { send: () => Promise<void> }) {
  const [said, setSaid] = useState<string | null>(null)
  const [isBusy, setIsBusy] = useState(false)
  const run = (): void => {
    setIsBusy(true)
    send()
      .then(
        () => setSaid('Sent. An operator finds it on this device’s page.'),
        (error: unknown) => setSaid(error instanceof Error ? error.message : String(error)),
      )
      .finally(() => setIsBusy(false))
  }
  return (
    <div className="diagnostics">
      <p>Names, codes, counts and times of this device: no reports and no keys are sent.</p>
      <div className="acts">
        <button type="button" className="btn" disabled={isBusy} onClick={run}>
          {isBusy ? 'Sending…' : 'Send diagnostics'}
        </button>
      </div>
      <p role="status">{said}</p>
    </div>
  )
}
