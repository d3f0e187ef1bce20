'use client'
import { useRouter } from 'next/navigation'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog } from '#components/ui/dialog.tsx'
import { TextField } from '#components/ui/field.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { fieldText } from '../field-text.ts'

const urlOf = (fleetId: string, id?: string): string =>
  `/api/admin/v1/releases${id === undefined ? '' : `/${id}`}?fleet=${encodeURIComponent(fleetId)}`

/** Tells of a release; with a version, of that one. */
export function RecordRelease({ fleetId, version }: { fleetId: string; version?: string }) {
  return (
    <FormDialog
      trigger={
        version === undefined ? (
          <Button tone="primary">Tell of a release…</Button>
        ) : (
          <Button tone="quiet">Tell of it…</Button>
        )
      }
      title={version === undefined ? 'Tell of a release' : `Tell of the release of ${version}`}
      about="Charts mark the time, so that what changed with it can be seen."
      submitLabel="Record it"
      done="The release is recorded"
      send={(form) => {
        const at = fieldText(form, 'releasedAt')
        const note = fieldText(form, 'note')
        return sendJson('POST', urlOf(fleetId), {
          version: version ?? fieldText(form, 'version'),
          ...(at === '' ? {} : { releasedAtMs: new Date(at).getTime() }),
          ...(note === '' ? {} : { note }),
        })
      }}
    >
      {version === undefined ? (
        <TextField
          label="Version, as devices tell it"
          name="version"
          maxLength={40}
          required
          placeholder="2.4.1"
        />
      ) : null}
      <TextField label="When" name="releasedAt" type="datetime-local" hint="In your time zone. Empty: now" />
      <TextField label="Note" name="note" maxLength={500} placeholder="What is new in it" />
    </FormDialog>
  )
}

export function RemoveRelease({ fleetId, id, version }: { fleetId: string; id: string; version: string }) {
  const router = useRouter()
  return (
    <ConfirmDialog
      trigger={<Button tone="quiet">Take back…</Button>}
      title={`Take back the release of ${version}?`}
      reason="required"
      reasonHint="What was wrong with it?"
      confirmLabel="Take back"
      onConfirm={async ({ reason }) => {
        const sent = await sendJson('DELETE', urlOf(fleetId, id), { reason })
        if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
        showToast({ kind: 'ok', text: 'Taken back' })
        router.refresh()
        return { ok: true }
      }}
    >
      Its mark goes from the charts. Devices and their figures stay as they are.
    </ConfirmDialog>
  )
}
