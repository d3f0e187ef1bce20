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
  `/api/admin/v1/scrape-targets${id === undefined ? '' : `/${id}`}?fleet=${encodeURIComponent(fleetId)}`

/** Has the server ask a page of another engine. */
export function AddTarget({ fleetId }: { fleetId: string }) {
  return (
    <FormDialog
      trigger={<Button tone="primary">Ask a page…</Button>}
      title="Ask a page of another engine"
      about="A page in Prometheus’ text format, or CouchDB’s _scheduler/docs. Private addresses need an entry in TIDEMARK_EGRESS_ALLOW."
      submitLabel="Ask it"
      done="It is asked from now on"
      send={(form) => {
        const seconds = fieldText(form, 'everySeconds')
        return sendJson('POST', urlOf(fleetId), {
          source: fieldText(form, 'source'),
          url: fieldText(form, 'url'),
          reason: fieldText(form, 'reason'),
          ...(seconds === '' ? {} : { everyMs: Number(seconds) * 1_000 }),
        })
      }}
    >
      <TextField label="Engine, as it is shown" name="source" maxLength={40} required placeholder="couchdb" />
      <TextField
        label="URL"
        name="url"
        type="url"
        maxLength={2_000}
        required
        placeholder="https://couch.example.org/_scheduler/docs?limit=1000"
      />
      <TextField
        label="Seconds between two times"
        name="everySeconds"
        type="number"
        hint="15 to 3600. Empty: 60"
      />
      <TextField label="Reason" name="reason" maxLength={1_000} required hint="For the audit log" />
    </FormDialog>
  )
}

export function RemoveTarget({ fleetId, id, url }: { fleetId: string; id: string; url: string }) {
  const router = useRouter()
  return (
    <ConfirmDialog
      trigger={<Button tone="quiet">Stop…</Button>}
      title={`Stop asking ${url}?`}
      reason="required"
      reasonHint="Why is it no longer asked?"
      confirmLabel="Stop asking"
      onConfirm={async ({ reason }) => {
        const sent = await sendJson('DELETE', urlOf(fleetId, id), { reason })
        if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
        showToast({ kind: 'ok', text: 'It is asked no more' })
        router.refresh()
        return { ok: true }
      }}
    >
      What was read of it stays in the charts.
    </ConfirmDialog>
  )
}
