'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useRef } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog, type ConfirmResult } from '#components/ui/dialog.tsx'
import { plural } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { sendJson } from '../send-json.ts'
import { replayToast } from './letter-words.ts'

export type ItemActionsProps = {
  id: string
  fleetId: string
  open: boolean
  role: string
  deviceName: string
  heldCount: number
}

/** Replay and discard of one letter. Who may not sees why, instead of buttons that would be refused. */
export function ItemActions({ id, fleetId, open, role, deviceName, heldCount }: ItemActionsProps) {
  const router = useRouter()
  const replayButton = useReplayKey(open && role !== 'viewer')
  const act = async (verb: 'replay' | 'discard', reason: string): Promise<ConfirmResult> => {
    const url = `/api/admin/v1/dead-letters/${id}/${verb}?fleet=${encodeURIComponent(fleetId)}`
    const sent = await sendJson('POST', url, { reason })
    if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
    showToast(
      verb === 'replay' ? replayToast(sent.body) : { kind: 'ok', text: 'Discarded; its payload is kept' },
    )
    router.refresh()
    return { ok: true }
  }

  if (!open) return null
  if (role === 'viewer') {
    return (
      <p className="item-acts sub">
        <Status kind="unk">Operators only</Status> Your role is viewer; replaying and discarding need
        operator.
      </p>
    )
  }
  const along = heldCount === 0 ? '' : ` ${plural(heldCount, 'change')} held behind it will follow.`
  return (
    <div className="item-acts">
      <span className="sub">Runs on the server, through the same push as the device’s own.</span>
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
        Its change will not reach the server. The payload stays here, marked as discarded.
      </ConfirmDialog>
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
