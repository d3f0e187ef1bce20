'use client'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Preview } from '#lib/application/operations/preview-operation.ts'
import { sendJson, type Issue } from '../../send-json.ts'

export type PreviewState =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly sinceMs: number }
  | { readonly kind: 'failed'; readonly message: string; readonly issues: readonly Issue[] }
  /** `asked` is what it was of: another edit has another outcome. */
  | { readonly kind: 'done'; readonly preview: Preview; readonly asked: string; readonly atMs: number }

/** A dry run of what `body` asks for, as often as one looks; the last one asked for is the one that is shown. */
export function usePreview(fleetId: string): readonly [PreviewState, (body: object) => void] {
  const [state, setState] = useState<PreviewState>({ kind: 'none' })
  const latest = useRef(0)
  const look = useCallback(
    (body: object): void => {
      const own = ++latest.current
      setState({ kind: 'running', sinceMs: Date.now() })
      const url = `/api/admin/v1/operations/preview?fleet=${encodeURIComponent(fleetId)}`
      const run = async (): Promise<PreviewState> => {
        const sent = await sendJson('POST', url, body).catch(() => null)
        if (sent === null)
          return { kind: 'failed', message: 'The server did not answer; nothing was changed.', issues: [] }
        if (!sent.ok)
          return { kind: 'failed', message: `${sent.message} (${sent.code})`, issues: sent.issues }
        // What the API answers is its contract's: tests hold it to that.
        const preview = sent.body as Preview
        return { kind: 'done', preview, asked: JSON.stringify(body), atMs: Date.now() }
      }
      void run().then((next) => {
        if (own === latest.current) setState(next)
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
