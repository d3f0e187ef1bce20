'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useReducer, useRef, useState, useTransition } from 'react'
import { LIVE_START, nextLive } from '#components/shell/live-connection.ts'
import { LiveMark } from '#components/shell/live-mark.tsx'
import { startRefresher, type Refresher } from '#components/shell/refresher.ts'
import { useKeptSince } from '#components/shell/keep-shown.tsx'
import { useNow } from '#components/ui/viewer-clock.ts'

export type LiveRefreshProps = {
  /** The event stream; any message means that something changed. */
  url: string
  /** When the server made this page, epoch ms. */
  asOfMs: number
  /** The page is fetched anew at most this often. */
  everyMs?: number
}

const EVERY_MS = 5_000

/** Keeps a page current from the event stream, and says honestly when it doesn't. */
export function LiveRefresh(props: LiveRefreshProps) {
  const keptSinceMs = useKeptSince()
  return keptSinceMs === null ? <Following {...props} /> : <Kept sinceMs={keptSinceMs} />
}

/** A page that is shown though its refresh failed: what keeps it also looks for the way back. */
function Kept({ sinceMs }: { sinceMs: number }) {
  const nowMs = useNow(sinceMs)
  return <LiveMark state={{ kind: 'away' }} ageMs={Math.max(0, nowMs - sinceMs)} nowMs={nowMs} />
}

function Following({ url, asOfMs, everyMs = EVERY_MS }: LiveRefreshProps) {
  const router = useRouter()
  const [state, dispatch] = useReducer(nextLive, LIVE_START)
  const nowMs = useNow(asOfMs)
  const ageMs = useAge(asOfMs, nowMs)
  const refresher = useRef<Refresher | null>(null)
  const openedBefore = useRef(false)
  const [refreshing, startTransition] = useTransition()

  useEffect(() => {
    const started = startRefresher(() => startTransition(() => router.refresh()), everyMs)
    refresher.current = started
    return () => started.stop()
  }, [router, everyMs])

  useEffect(() => {
    if (!refreshing) refresher.current?.settled()
  }, [refreshing])

  useEffect(() => {
    if (state.kind !== 'reconnecting') return
    const timer = setTimeout(() => dispatch({ kind: 'retry' }), Math.max(0, state.retryAtMs - Date.now()))
    return () => clearTimeout(timer)
  }, [state])

  const wanted = state.kind !== 'paused' && state.kind !== 'reconnecting'
  useEffect(() => {
    if (!wanted) return
    const source = new EventSource(url)
    source.addEventListener('open', () => {
      dispatch({ kind: 'opened' })
      // What changed while there was no stream was not heard.
      if (openedBefore.current) refresher.current?.request()
      openedBefore.current = true
    })
    source.addEventListener('message', () => refresher.current?.request())
    source.addEventListener('database', (event) => {
      const { answers } = JSON.parse(event.data) as { answers: boolean }
      dispatch({ kind: 'database', answers })
      if (answers) refresher.current?.request()
    })
    // The browser's own retry has no bound and says nothing: we close and do it ourselves.
    source.addEventListener('error', () => {
      source.close()
      dispatch({ kind: 'lost', nowMs: Date.now(), random: Math.random() })
    })
    return () => source.close()
  }, [url, wanted])

  const toggle = (): void => dispatch({ kind: state.kind === 'paused' ? 'resume' : 'pause' })
  return <LiveMark state={state} ageMs={ageMs} nowMs={nowMs} onToggle={toggle} />
}

/** Age by the browser's clock alone, from when this page's data came: the two clocks needn't agree. */
function useAge(asOfMs: number, nowMs: number): number {
  const [came, setCame] = useState({ asOfMs, atMs: nowMs })
  // New data is noted while rendering: an effect would draw the old age once more.
  if (came.asOfMs !== asOfMs) setCame({ asOfMs, atMs: nowMs })
  return Math.max(0, nowMs - came.atMs)
}
