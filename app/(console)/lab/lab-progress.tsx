'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { formatCount, formatDuration } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { showToast } from '#components/ui/toast.tsx'
import type { LabRunFound } from '#lib/application/lab/list-lab-runs.ts'
import { sendJson } from '../send-json.ts'

const ASK_EVERY_MS = 700

/** How far a run is, as its process tells; the page is made anew when it is over. */
export function LabProgress({
  run: first,
  fleetId,
  mayStop,
}: {
  run: LabRunFound
  fleetId: string
  mayStop: boolean
}) {
  const router = useRouter()
  const [{ run, isStale }, setSeen] = useState({ run: first, isStale: false })
  const url = `/api/admin/v1/lab/runs/${first.id}`
  const fleet = `?fleet=${encodeURIComponent(fleetId)}`
  useEffect(() => {
    const asking = new AbortController()
    const ask = async (): Promise<void> => {
      try {
        const answer = await fetch(url + fleet, { signal: asking.signal })
        if (!answer.ok) throw new Error(String(answer.status))
        const next = (await answer.json()) as LabRunFound
        setSeen({ run: next, isStale: false })
        if (next.state !== 'running') router.refresh()
      } catch {
        // What was seen last stays, and says that it is old.
        if (!asking.signal.aborted) setSeen((seen) => ({ ...seen, isStale: true }))
      }
    }
    const timer = setInterval(() => void ask(), ASK_EVERY_MS)
    return () => {
      clearInterval(timer)
      asking.abort()
    }
  }, [url, fleet, router])
  const { looked, total } = run
  const tookMs = run.toldAtMs - run.createdAtMs
  const leftMs = looked === 0 ? null : (tookMs / looked) * Math.max(0, total - looked)
  return (
    <div className="lab-progress" role="status">
      <progress max={Math.max(1, total)} value={looked} aria-label="Conflicts replayed" />
      <p>
        <b>{formatCount(looked)}</b> of {formatCount(total)} conflicts replayed
        {leftMs === null ? null : `, about ${formatDuration(leftMs)} left`}{' '}
        {isStale ? <Status kind="unk">the server does not answer; trying again</Status> : null}
      </p>
      {mayStop ? (
        <Button
          onClick={() => {
            void sendJson('POST', `${url}/stop${fleet}`, {})
              .then((sent) => {
                if (!sent.ok) showToast({ kind: 'crit', text: sent.message })
                router.refresh()
              })
              .catch(() => showToast({ kind: 'crit', text: 'The server did not answer; try again.' }))
          }}
        >
          Stop
        </Button>
      ) : null}
    </div>
  )
}
