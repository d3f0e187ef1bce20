'use client'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Failure } from './form-failure.tsx'
import { sendJson } from './send-json.ts'

export type Looked<Preview> = {
  readonly preview: Preview
  /** What it was of, as text: another edit has another outcome. */
  readonly asked: string
  readonly atMs: number
}

export interface PreviewState<Preview> {
  /** Since when a dry run is under way; null while none is. */
  readonly sinceMs: number | null
  /** Why the last one did not come to an end. */
  readonly failure: Failure | null
  /** The last one that did: it stays while one looks again. */
  readonly looked: Looked<Preview> | null
}

const NOT_YET = { sinceMs: null, failure: null, looked: null } as const
const UNANSWERED: Failure = { message: 'The server did not answer; nothing was changed.', issues: [] }

/**
 * A dry run of what is asked for, as often as one looks; the last one asked for is the one that is shown.
 * @param url of the operator API, which answers a `Preview`: the contract's tests hold it to that
 */
export function usePreview<Preview>(url: string): readonly [PreviewState<Preview>, (asked: string) => void] {
  const [state, setState] = useState<PreviewState<Preview>>(NOT_YET)
  const latest = useRef(0)
  const look = useCallback(
    (asked: string): void => {
      const own = ++latest.current
      setState(({ looked }) => ({ sinceMs: Date.now(), failure: null, looked }))
      void run<Preview>(url, asked).then((next) => {
        if (own === latest.current) setState(({ looked }) => ({ ...NOT_YET, looked, ...next }))
      })
    },
    [url],
  )
  useEffect(
    () => () => {
      latest.current++
    },
    [],
  )
  return [state, look]
}

async function run<Preview>(
  url: string,
  asked: string,
): Promise<{ failure: Failure } | { looked: Looked<Preview> }> {
  const sent = await sendJson('POST', url, JSON.parse(asked)).catch(() => null)
  if (sent === null) return { failure: UNANSWERED }
  if (!sent.ok) return { failure: { message: `${sent.message} (${sent.code})`, issues: sent.issues } }
  return { looked: { preview: sent.body as Preview, asked, atMs: Date.now() } }
}
