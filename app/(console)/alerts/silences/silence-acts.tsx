'use client'
import { useRouter } from 'next/navigation'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog } from '#components/ui/dialog.tsx'
import { SelectField, TextField } from '#components/ui/field.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { fieldText } from '../../settings/field-text.ts'
import { LENGTHS } from './silence-fields.ts'

export type SilenceActsProps = {
  fleetId: string
  id: string
  version: number
  comment: string
  startsAtMs: number
  /** Whether it holds already. */
  isActive: boolean
}

const AS_IT_IS = { value: '', label: 'as it is' }

/** Gives a silence another end or comment, or ends it now. */
export function SilenceActs({ fleetId, id, version, comment, startsAtMs, isActive }: SilenceActsProps) {
  const router = useRouter()
  const url = `/api/admin/v1/alerts/silences/${id}?fleet=${encodeURIComponent(fleetId)}`
  return (
    <span className="row-acts">
      <FormDialog
        trigger={<Button tone="quiet">Change…</Button>}
        title="Change this silence"
        about="What it matches stays: for something else, make another one."
        submitLabel="Save"
        done="The silence is changed"
        send={(form) => {
          const length = fieldText(form, 'length')
          const fromMs = isActive ? Date.now() : startsAtMs
          return sendJson('PATCH', url, {
            version,
            comment: fieldText(form, 'comment'),
            ...(length === '' ? {} : { endsAt: new Date(fromMs + Number(length)).toISOString() }),
          })
        }}
      >
        <TextField
          label="Comment, for the next shift"
          name="comment"
          defaultValue={comment}
          minLength={3}
          maxLength={1_000}
          required
        />
        <SelectField
          label={isActive ? 'Lasts from now on' : 'Lasts from its begin on'}
          name="length"
          choices={[AS_IT_IS, ...LENGTHS]}
        />
      </FormDialog>
      <ConfirmDialog
        trigger={<Button tone="quiet">{isActive ? 'End now…' : 'Call off…'}</Button>}
        title={isActive ? 'End this silence now?' : 'Call this silence off?'}
        reason="none"
        confirmLabel={isActive ? 'End it' : 'Call it off'}
        onConfirm={async () => {
          const sent = await sendJson('DELETE', url, { version })
          if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
          showToast({ kind: 'ok', text: 'The silence is over' })
          router.refresh()
          return { ok: true }
        }}
      >
        {`“${comment}” What still fires is told with the next look, within 15 s.`}
      </ConfirmDialog>
    </span>
  )
}
