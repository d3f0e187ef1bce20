'use client'
import { useRef, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { DiffTable, type DiffTableProps } from '#components/ui/diff-table.tsx'
import { Status } from '#components/ui/status.tsx'
import type { EditBasis } from '#lib/application/dead-letters/check-edit.ts'
import type { LetterForecast } from '#lib/application/operations/foretell-letter.ts'
import { FormFailure, type Failure } from '../form-failure.tsx'
import { sendJson } from '../send-json.ts'
import { checkInBrowser } from './check-in-browser.ts'
import { documentThen, versionThen, type Document } from './forecast-words.ts'
import { ForecastLines } from './item-forecast.tsx'

/** The record from the sides that are known before anything is edited. */
export type EditSides = Pick<DiffTableProps, 'base' | 'server' | 'when'> & {
  /** What the device wanted; null where that can't be told. */
  device: Document | null
  serverVersion: number
}

type Looked = {
  /** Of which text; another one has another outcome. */
  readonly of: string
  readonly foretold: LetterForecast | null
  readonly wanted: Document | null
  readonly failure: Failure | null
}

/** What the edited form would do on the server as it is now, when somebody asks for it. */
export function EditForecast({
  id,
  fleetId,
  text,
  basis,
  sides,
}: {
  id: string
  fleetId: string
  text: string
  basis: EditBasis
  sides: EditSides
}) {
  const [looked, setLooked] = useState<Looked | null>(null)
  const [busy, setBusy] = useState(false)
  const latest = useRef(0)
  const look = async (): Promise<void> => {
    const own = ++latest.current
    setBusy(true)
    const next = await forecastOf({ id, fleetId, text, basis })
    if (own !== latest.current) return
    setLooked(next)
    setBusy(false)
  }
  const isCurrent = looked?.of === text
  return (
    <div className="edit-forecast">
      <Button onClick={() => void look()} aria-disabled={busy}>
        {busy ? 'Looking…' : 'See what it would do'}
      </Button>
      <div role="status">
        {looked === null ? null : !isCurrent ? (
          <Status kind="unk">The edit has changed since: look again.</Status>
        ) : looked.failure !== null ? (
          <FormFailure failure={looked.failure} whole="(the whole record)" />
        ) : looked.foretold === null ? null : (
          <Foretold foretold={looked.foretold} wanted={looked.wanted} sides={sides} />
        )}
      </div>
    </div>
  )
}

function Foretold({
  foretold,
  wanted,
  sides: { device, serverVersion, when, ...sides },
}: {
  foretold: LetterForecast
  wanted: Document | null
  sides: EditSides
}) {
  const after = documentThen(foretold)
  return (
    <>
      <ForecastLines foretold={foretold} />
      {after === undefined ? null : (
        <DiffTable
          label="The record after a replay of this edit"
          {...sides}
          device={device ?? {}}
          edited={wanted}
          after={after}
          refused={{}}
          when={{ ...when, after: versionThen(foretold, serverVersion) }}
        />
      )}
    </>
  )
}

async function forecastOf({
  id,
  fleetId,
  text,
  basis,
}: {
  id: string
  fleetId: string
  text: string
  basis: EditBasis
}): Promise<Looked> {
  const none = { of: text, foretold: null, wanted: null }
  const checked = await checkInBrowser(text, basis)
  if (!checked.ok) return { ...none, failure: checked }
  const url = `/api/admin/v1/dead-letters/${id}/preview?fleet=${encodeURIComponent(fleetId)}`
  const sent = await sendJson('POST', url, { op: checked.op }).catch(() => null)
  if (sent === null)
    return { ...none, failure: { message: 'The server did not answer; nothing was changed.', issues: [] } }
  if (!sent.ok)
    return { ...none, failure: { message: `${sent.message} (${sent.code})`, issues: sent.issues } }
  // What the API answers is its contract's: tests hold it to that.
  return { of: text, foretold: sent.body as LetterForecast, wanted: checked.wanted ?? null, failure: null }
}
