'use client'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog, type ConfirmResult } from '#components/ui/dialog.tsx'
import { Status } from '#components/ui/status.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { sendJson } from '../../send-json.ts'
import { usePressKey } from '../../use-press-key.ts'
import type { MergeFormProps } from './merge-form.tsx'
import { OVERTAKEN, type RestoreWay } from './side-words.ts'

/** Comes when somebody merges: most keep a side. */
const MergeForm = dynamic(async () => (await import('./merge-form.tsx')).MergeForm, { ssr: false })

export type ConflictActsProps = {
  id: string
  fleetId: string
  role: string
  isOpen: boolean
  /** Of the record as it is shown: a decision on another one is refused. */
  version: number
  ways: readonly RestoreWay[]
  /** Null where the collection is no more. */
  merge: Pick<MergeFormProps, 'schema' | 'local' | 'now' | 'fields'> | null
}

/** Keep a side, choose by field, or bring back what lost. Who may not sees why, instead of buttons that would be refused. */
export function ConflictActs(props: ConflictActsProps) {
  const { id, fleetId, role, isOpen, version, ways, merge } = props
  const router = useRouter()
  const [merging, setMerging] = useState(false)
  const mayAct = role !== 'viewer'
  const mine = usePressKey('m', isOpen && mayAct && merge !== null)
  const theirs = usePressKey('t', isOpen && mayAct && merge !== null)
  const byField = usePressKey('e', isOpen && mayAct && merge !== null)
  const decide = async (body: object, done: string): Promise<ConfirmResult> => {
    const url = `/api/admin/v1/conflicts/${id}/resolve?fleet=${encodeURIComponent(fleetId)}`
    const sent = await sendJson('POST', url, { ...body, version })
    router.refresh()
    if (!sent.ok) {
      const isOvertaken = sent.code === 'stale_version'
      // What is settled by now takes the dialog away with it.
      if (isOvertaken) showToast({ kind: 'crit', text: OVERTAKEN })
      return { ok: false, message: `${isOvertaken ? OVERTAKEN : sent.message} (${sent.code})` }
    }
    showToast({ kind: 'ok', text: done })
    return { ok: true }
  }
  if (!mayAct)
    return (
      <p className="item-acts sub">
        <Status kind="unk">Operators only</Status> Your role is viewer; deciding and restoring need operator.
      </p>
    )
  if (merge === null)
    return (
      <p className="item-acts sub">
        <Status kind="unk">No collection</Status> Its collection was removed, so nothing can be written.
      </p>
    )
  // What somebody decided meanwhile leaves the form where it was: what was typed is not taken away.
  const form = merging ? (
    <MergeForm id={id} fleetId={fleetId} version={version} {...merge} onClose={() => setMerging(false)} />
  ) : null
  if (!isOpen)
    return (
      <>
        <div className="item-acts">
          {ways.map(({ side, label }) => (
            <ConfirmDialog
              key={label}
              trigger={<Button>{label}…</Button>}
              title={`${label}?`}
              reason="required"
              reasonHint="Why is it needed after all?"
              confirmLabel="Bring it back"
              onConfirm={({ reason }) =>
                decide(
                  { choice: 'restore', reason, ...(side === null ? {} : { side }) },
                  'What lost is written again',
                )
              }
            >
              It is written over the record as it is now, as a new version that every device hears of. What
              stands now stays in the record’s history.
            </ConfirmDialog>
          ))}
        </div>
        {form}
      </>
    )
  return (
    <>
      <div className="item-acts">
        <span className="sub">Written as a change of the fleet’s own; the device is told.</span>
        <Button
          ref={byField}
          tone="quiet"
          hint="e"
          aria-expanded={merging}
          onClick={() => setMerging(!merging)}
        >
          Choose by field…
        </Button>
        <ConfirmDialog
          trigger={
            <Button ref={theirs} hint="t">
              Keep the server’s side
            </Button>
          }
          title="Keep the server’s side?"
          reason="required"
          reasonHint="Why is the server’s side right?"
          confirmLabel="Keep the server’s side"
          onConfirm={({ reason }) => decide({ choice: 'theirs', reason }, 'The server’s side was kept')}
        >
          The record stays as it stands now. What the device wanted is kept here and can be brought back.
        </ConfirmDialog>
        <ConfirmDialog
          trigger={
            <Button ref={mine} tone="primary" hint="m">
              Keep the device’s side
            </Button>
          }
          title="Keep the device’s side?"
          reason="required"
          reasonHint="Why is the device’s side right?"
          confirmLabel="Keep the device’s side"
          onConfirm={({ reason }) => decide({ choice: 'mine', reason }, 'The device’s side was kept')}
        >
          What the device wanted is written over the record as it stands now. The server’s side is kept here
          and can be brought back.
        </ConfirmDialog>
      </div>
      {form}
    </>
  )
}
