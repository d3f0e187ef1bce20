'use client'
import { useEffect, useRef } from 'react'
import { showToast } from '#components/ui/toast.tsx'

/** Says it once when what the page waits for has come. */
export function FirstSync({ waiting, fleetName }: { waiting: boolean; fleetName: string }) {
  const waited = useRef(waiting)
  useEffect(() => {
    if (waited.current && !waiting) showToast({ kind: 'ok', text: `First sync received in ${fleetName}` })
    waited.current = waiting
  }, [waiting, fleetName])
  return null
}
