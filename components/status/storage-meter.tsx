'use client'
import { useEffect, useState } from 'react'
import { formatBytes, formatPercent } from '#components/ui/format.ts'

interface Storage {
  readonly used: number
  readonly quota: number
  /** The browser will not clear it by itself when the disk is full. */
  readonly isPersistent: boolean
}

const READ_EVERY_MS = 30_000

/** What the browser lets this origin keep, and how much of it is used; null where it does not tell. */
export function useStorageQuota(): Storage | null {
  const [found, setFound] = useState<Storage | null>(null)
  useEffect(() => {
    let isHere = true
    const read = async (): Promise<void> => {
      const { usage, quota } = await navigator.storage.estimate()
      const isPersistent = await navigator.storage.persisted()
      if (isHere && usage !== undefined && quota !== undefined) setFound({ used: usage, quota, isPersistent })
    }
    // Pages that are no secure context have no such thing: nothing is shown there.
    const look = (): void => void read().catch(() => undefined)
    look()
    const timer = setInterval(look, READ_EVERY_MS)
    return () => {
      isHere = false
      clearInterval(timer)
    }
  }, [])
  return found
}

/** Room on this device, and whether the browser may clear it by itself. */
export function StorageMeter() {
  const storage = useStorageQuota()
  const [asked, setAsked] = useState<boolean | null>(null)
  if (storage === null) return <p className="sub">This browser does not tell how much room there is.</p>
  const isPersistent = asked ?? storage.isPersistent
  return (
    <div className="storage-meter">
      <p>
        <b>{formatBytes(storage.used)}</b> of {formatBytes(storage.quota)} used (
        {formatPercent(storage.quota === 0 ? 0 : storage.used / storage.quota)}).{' '}
        {isPersistent
          ? 'The browser keeps it until you clear it.'
          : 'The browser may clear it when the disk is full: sync often, or ask it to keep it.'}
      </p>
      {isPersistent ? null : (
        <div className="acts">
          <button
            type="button"
            className="btn"
            onClick={() => void navigator.storage.persist().then(setAsked, () => setAsked(false))}
          >
            Keep it on this device
          </button>
        </div>
      )}
      {asked === false ? (
        <p role="status" className="sub">
          The browser did not agree. Installing the app often helps.
        </p>
      ) : null}
    </div>
  )
}
