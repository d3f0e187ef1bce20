'use client'
import { useRouter } from 'next/navigation'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog } from '#components/ui/dialog.tsx'
import { SelectField, TextField } from '#components/ui/field.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { FormDialog } from '../form-dialog.tsx'
import { sendJson } from '../send-json.ts'
import { fieldText } from './field-text.ts'
import { endOf, KEY_ENDS } from './key-words.ts'

export type KeyActionsProps = {
  kind: 'enrollment-keys' | 'ingest-keys'
  id: string
  fleetId: string
  name: string
  /** What its end means for what came in by it. */
  stays: string
}

const AS_IT_IS = { value: '', label: 'As it is' }

/** Rename a key or set its end; revoke it, for a reason. */
export function KeyActions({ kind, id, fleetId, name, stays }: KeyActionsProps) {
  const router = useRouter()
  const url = `/api/admin/v1/${kind}/${id}?fleet=${encodeURIComponent(fleetId)}`
  return (
    <span className="row-acts">
      <FormDialog
        trigger={<Button tone="quiet">Change…</Button>}
        title={`Change ${name}`}
        about="What a key opens cannot be changed: make another one."
        submitLabel="Save"
        done="Changed"
        send={(form) => {
          const expiresAtMs = endOf(fieldText(form, 'ends'), Date.now())
          const change = {
            name: fieldText(form, 'name'),
            ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
          }
          return sendJson('PATCH', url, change)
        }}
      >
        <TextField label="Name" name="name" defaultValue={name} maxLength={120} required />
        <SelectField label="Ends" name="ends" choices={[AS_IT_IS, ...KEY_ENDS]} />
      </FormDialog>
      <ConfirmDialog
        trigger={<Button tone="quiet danger">Revoke…</Button>}
        title={`Revoke ${name} for good?`}
        reason="required"
        reasonHint="Why must nothing come in by it?"
        confirmLabel="Revoke"
        danger
        onConfirm={async ({ reason }) => {
          const sent = await sendJson('DELETE', url, { reason })
          if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
          showToast({ kind: 'ok', text: 'Revoked' })
          router.refresh()
          return { ok: true }
        }}
      >
        {stays}
      </ConfirmDialog>
    </span>
  )
}
