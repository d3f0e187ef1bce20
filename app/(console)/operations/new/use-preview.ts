'use client'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Preview } from '#lib/application/operations/preview-operation.ts'
import type { Failure } from '../../form-failure.tsx'
import { sendJson } from '../../send-json.ts'

export type Looked = {
  readonly preview: Preview
  /** What it was of, as text: another edit has another outcome. */
  readonly asked: string
  readonly atMs: number
}

export interface PreviewState {
  /** Since when a dry run is under way; null while none is. */
  readonly sinceMs: number | null
  /** Why the last one did not come to an end. */
  readonly failure: Failure | null
  /** The last one that did: it stays while one looks again. */
  readonly looked: Looked | null
}

const NOT_YET: PreviewState = { sinceMs: null, failure: null, looked: null }
const UNANSWERED: Failure = { message: 'The server did not answer; nothing was changed.', issues: [] }

/** A dry run of what is asked for, as often as one looks; the last one asked for is the one that is shown. */
export function usePreview(fleetId: string): readonly [PreviewState, (asked: string) => void] {
  const [state, setState] = useState(NOT_YET)
  const latest = useRef(0)
  const look = useCallback(
    (asked: string): void => {
      const own = ++latest.current
      setState(({ looked }) => ({ sinceMs: Date.now(), failure: null, looked }))
      void run(fleetId, asked).then((next) => {
        if (own === latest.current) setState(({ looked }) => ({ ...NOT_YET, looked, ...next }))
      })
    },
    [fleetId],
  )
  useEffect(
    () => () => {
      latest.current++
    },
    [],
  )
  return [state, look]
}

async function run(fleetId: string, asked: string): Promise<{ failure: Failure } | { looked: Looked }> {
  const url = `/api/admin/v1/operations/preview?fleet=${encodeURIComponent(fleetId)}`
  const sent = await sendJson('POST', url, JSON.parse(asked)).catch(() => null)
  if (sent === null) return { failure: UNANSWERED }
  if (!sent.ok) return { failure: { message: `${sent.message} (${sent.code})`, issues: sent.issues } }
  // What the API answers is its contract's: tests hold it to that.
  return { looked: { preview: sent.body as Preview, asked, atMs: Date.now() } }
}
