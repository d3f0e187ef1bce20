'use client'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useState, type ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog, type ConfirmResult } from '#components/ui/dialog.tsx'
import { plural, shortId } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { Status } from '#components/ui/status.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { sendJson } from '../send-json.ts'
import { usePressKey } from '../use-press-key.ts'
import type { ItemEditProps } from './item-edit.tsx'
import { replayToast } from './letter-words.ts'

/** Comes when somebody edits: most look, and the page has enough to fetch. */
const ItemEdit = dynamic(async () => (await import('./item-edit.tsx')).ItemEdit, { ssr: false })

export type ItemActionsProps = {
  id: string
  fleetId: string
  status: 'open' | 'replayed' | 'discarded'
  role: string
  deviceName: string
  /** When it can be restored no more, or is deleted, as a day: "27 Dec". */
  keptUntil: ReactNode
  /** What waits behind it and goes its way, in order. */
  held: readonly { id: string; label: string }[]
  /** Null for a change that cannot be edited. */
  edit: Pick<ItemEditProps, 'basis' | 'opText' | 'identity' | 'issues' | 'sides'> | null
}

/** Replay, edit, discard, restore and deletion of one letter. Who may not sees why, instead of buttons that would be refused. */
export function ItemActions(props: ItemActionsProps) {
  const { id, fleetId, status, role, deviceName, keptUntil, held, edit } = props
  const router = useRouter()
  const [editing, setEditing] = useState(false)
  const replayButton = usePressKey('r', status === 'open' && role !== 'viewer')
  const editButton = usePressKey('e', status === 'open' && role !== 'viewer')
  const act = async (verb: keyof typeof DONE | 'replay', reason: string): Promise<ConfirmResult> => {
    const url = `/api/admin/v1/dead-letters/${id}/${verb}?fleet=${encodeURIComponent(fleetId)}`
    const sent = await sendJson('POST', url, { reason })
    if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
    showToast(verb === 'replay' ? replayToast(sent.body) : { kind: 'ok', text: DONE[verb] })
    if (verb === 'purge') router.push(carryShared('/dead-letters', window.location.search))
    else router.refresh()
    return { ok: true }
  }

  // What somebody settled meanwhile leaves the form where it was: what was typed is not taken away.
  const form =
    edit !== null && editing ? (
      <ItemEdit
        id={id}
        fleetId={fleetId}
        {...edit}
        settled={status !== 'open'}
        onClose={() => setEditing(false)}
      />
    ) : null
  if (status === 'replayed')
    return (
      <>
        <div className="item-acts">
          <span className="sub">Settled; it is kept here until {keptUntil} and then deleted.</span>
          {role === 'admin' ? <PurgeButton deviceName={deviceName} onConfirm={act} /> : null}
        </div>
        {form}
      </>
    )
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
      <>
        <div className="item-acts">
          <span className="sub">It can come back until {keptUntil}; then it is deleted.</span>
          {role === 'admin' ? <PurgeButton deviceName={deviceName} onConfirm={act} /> : null}
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
        {form}
      </>
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
          restored within 30 days; then it is deleted.
          <HeldList held={held} />
        </ConfirmDialog>
        {edit === null ? null : (
          <Button
            ref={editButton}
            tone="quiet"
            hint="e"
            aria-expanded={editing}
            onClick={() => setEditing(!editing)}
          >
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
      {form}
    </>
  )
}

const DONE = {
  discard: 'Discarded; its payload is kept',
  restore: 'Restored; it waits for a decision',
  purge: 'Deleted, with its payload',
} as const
/** Deletes a closed letter before its time. */
function PurgeButton({
  deviceName,
  onConfirm,
}: {
  deviceName: string
  onConfirm: (verb: 'purge', reason: string) => Promise<ConfirmResult>
}) {
  return (
    <ConfirmDialog
      trigger={<Button tone="quiet danger">Delete now…</Button>}
      title={`Delete this dead letter of ${deviceName} for good?`}
      reason="required"
      reasonHint="Why must it not be kept?"
      confirmLabel="Delete for good"
      keepLabel="Keep it"
      danger
      onConfirm={({ reason }) => onConfirm('purge', reason)}
    >
      The letter goes with its payload and its base, and nothing brings it back. What it did to the record
      stays, and so do its entries in the audit log.
    </ConfirmDialog>
  )
}

const HELD_NAMED_MAX = 10

/** A discard names what it takes along (DL3). */
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
