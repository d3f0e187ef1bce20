import { useEffect, useState, useSyncExternalStore } from 'react'
import { keepOnDevice, updateNow, updateWaits } from './app-update.ts'

/** Says that a newer version of the app is here, and lets the person choose when it takes over. */
export function UpdateBanner() {
  const isReady = useSyncExternalStore(updateWaits.subscribe, updateWaits.get)
  const [isBusy, setIsBusy] = useState(false)
  useEffect(() => {
    // Without it the app works on, with a network: nothing that a person has to be told.
    void keepOnDevice().catch(() => undefined)
  }, [])
  if (!isReady) return null
  return (
    <aside className="update-banner" aria-label="Update">
      <p role="status">A newer version of the app is here. Your reports stay on this device.</p>
      <button
        type="button"
        className="btn primary"
        disabled={isBusy}
        onClick={() => {
          setIsBusy(true)
          void updateNow()
        }}
      >
        {isBusy ? 'Updating…' : 'Update now'}
      </button>
    </aside>
  )
}
