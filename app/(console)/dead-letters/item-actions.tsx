'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog, type ConfirmResult } from '#components/ui/dialog.tsx'
import { plural, shortId } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { sendJson } from '../send-json.ts'
import { ItemEdit, type ItemEditProps } from './item-edit.tsx'
import { replayToast } from './letter-words.ts'

export type ItemActionsProps = {
  id: string
  fleetId: string
  status: 'open' | 'replayed' | 'discarded'
  role: string
  deviceName: string
  /** What waits behind it and goes its way, in order. */
  held: readonly { id: string; label: string }[]
  /** Null for a change that cannot be edited. */
  edit: Pick<ItemEditProps, 'basis' | 'opText'> | null
}

/** Replay, edit, discard and restore of one letter. Who may not sees why, instead of buttons that would be refused. */
export function ItemActions({ id, fleetId, status, role, deviceName, held, edit }: ItemActionsProps) {
  const router = useRouter()
  const [editing, setEditing] = useState(false)
  const replayButton = useReplayKey(status === 'open' && role !== 'viewer')
  const act = async (verb: keyof typeof DONE | 'replay', reason: string): Promise<ConfirmResult> => {
    const url = `/api/admin/v1/dead-letters/${id}/${verb}?fleet=${encodeURIComponent(fleetId)}`
    const sent = await sendJson('POST', url, { reason })
    if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
    showToast(verb === 'replay' ? replayToast(sent.body) : { kind: 'ok', text: DONE[verb] })
    router.refresh()
    return { ok: true }
  }

  if (status === 'replayed') return null
  if (role === 'viewer') {
    return (
      <p className="item-acts sub">
        <Status kind="unk">Operators only</Status> Your role is viewer; replaying, discarding and restoring
        need operator.
      </p>
    )
  }
  if (status === 'discarded') {
    return (
      <div className="item-acts">
        <span className="sub">Within 30 days of its discard it can come back.</span>
        <ConfirmDialog
          trigger={<Button tone="quiet">Restore…</Button>}
          title={`Restore this dead letter of ${deviceName}?`}
          reason="required"
          reasonHint="Why is it needed after all?"
          confirmLabel="Restore"
          onConfirm={({ reason }) => act('restore', reason)}
        >
          It waits for a decision again, and so do the changes that were discarded along with it.
        </ConfirmDialog>
      </div>
    )
  }
  const along = held.length === 0 ? '' : ` ${plural(held.length, 'change')} held behind it will follow.`
  return (
    <>
      <div className="item-acts">
        <span className="sub">Runs on the server, as the device’s push would.</span>
        <ConfirmDialog
          trigger={<Button tone="quiet danger">Discard…</Button>}
          title={`Discard this dead letter of ${deviceName}?`}
          reason="required"
          reasonHint="Why is losing this right?"
          confirmLabel="Discard"
          keepLabel="Keep it"
          danger
          onConfirm={({ reason }) => act('discard', reason)}
        >
          Its change will not reach the server. The payload stays here, marked as discarded, and can be
          restored within 30 days.
          <HeldList held={held} />
        </ConfirmDialog>
        {edit === null ? null : (
          <Button tone="quiet" aria-expanded={editing} onClick={() => setEditing(!editing)}>
            Edit and replay…
          </Button>
        )}
        <ConfirmDialog
          trigger={
            <Button ref={replayButton} tone="primary" hint="r">
              Replay this one
            </Button>
          }
          title="Replay this dead letter?"
          reason="required"
          reasonHint="What was fixed?"
          confirmLabel="Replay"
          onConfirm={({ reason }) => act('replay', reason)}
        >
          It runs again under its own id, against the record and the schema as they are now.{along} It may be
          refused again; then it stays here.
        </ConfirmDialog>
      </div>
      {edit !== null && editing ? (
        <ItemEdit id={id} fleetId={fleetId} {...edit} onClose={() => setEditing(false)} />
      ) : null}
    </>
  )
}

const DONE = {
  discard: 'Discarded; its payload is kept',
  restore: 'Restored; it waits for a decision',
} as const
const HELD_NAMED_MAX = 10

/** A discard names what it takes along (engine.md, DL3). */
function HeldList({ held }: Pick<ItemActionsProps, 'held'>) {
  if (held.length === 0) return null
  return (
    <>
      <p>{plural(held.length, 'change')} held behind it will be discarded too:</p>
      <ul>
        {held.slice(0, HELD_NAMED_MAX).map(({ id, label }) => (
          <li key={id}>
            <span className="mono">{shortId(id)}</span> {label}
          </li>
        ))}
        {held.length > HELD_NAMED_MAX ? <li>and {held.length - HELD_NAMED_MAX} more</li> : null}
      </ul>
    </>
  )
}

/** `r` presses the button, unless someone types or something is open. */
function useReplayKey(active: boolean) {
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!active) return
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'r' || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented)
        return
      const target = event.target
      if (
        target instanceof HTMLElement &&
        target.closest('input, textarea, select, [role="menu"], [role="dialog"]')
      )
        return
      event.preventDefault()
      button.current?.click()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [active])
  return button
}
