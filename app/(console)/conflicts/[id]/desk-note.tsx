'use client'
import { useRouter } from 'next/navigation'
import { useTransition } from 'react'
import { Button } from '#components/ui/button.tsx'
import { AreaField, TextField } from '#components/ui/field.tsx'
import { KeyValue } from '#components/ui/key-value.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson, type Sent } from '../../send-json.ts'
import { fieldText } from '../../settings/field-text.ts'

export type DeskNoteProps = {
  id: string
  fleetId: string
  role: string
  /** Who looks. */
  me: string
  /** One that is settled waits for nobody. */
  isOpen: boolean
  desk: { readonly assigned: string | null; readonly note: string; readonly version: number }
}

/** Who looks after a conflict, and what is known of it. */
export function DeskNote({ id, fleetId, role, me, isOpen, desk }: DeskNoteProps) {
  const router = useRouter()
  // What is sent in between would be on the version before.
  const [isRefreshing, startRefresh] = useTransition()
  const send = (body: object): Promise<Sent> =>
    sendJson('PATCH', `/api/admin/v1/conflicts/${id}?fleet=${encodeURIComponent(fleetId)}`, {
      ...body,
      version: desk.version,
    })
  const take = async (): Promise<void> => {
    const sent = await send({ assigned: me }).catch(() => null)
    if (sent?.ok === true) showToast({ kind: 'ok', text: 'It is yours now' })
    else
      showToast({
        kind: 'crit',
        text: sent === null ? 'The server did not answer' : `${sent.message} (${sent.code})`,
      })
    startRefresh(() => router.refresh())
  }
  return (
    <>
      <KeyValue
        align="start"
        items={[
          { key: 'Assigned', value: desk.assigned ?? <span className="den">nobody yet</span> },
          {
            key: 'Note',
            value:
              desk.note === '' ? (
                <span className="den">none</span>
              ) : (
                <span className="desk-note">{desk.note}</span>
              ),
          },
        ]}
      />
      {role === 'viewer' ? null : (
        <div className="group-acts">
          {!isOpen || desk.assigned === me ? null : (
            <Button disabled={isRefreshing} onClick={() => void take()}>
              Assign to me
            </Button>
          )}
          <FormDialog
            trigger={<Button disabled={isRefreshing}>Assign and note…</Button>}
            title="Who looks after this conflict?"
            about="Everyone in the fleet reads it here; it decides nothing."
            submitLabel="Save"
            done="Saved"
            send={(form) =>
              send({ assigned: fieldText(form, 'assigned') || null, note: fieldText(form, 'note') })
            }
          >
            <TextField
              label="Assigned to"
              name="assigned"
              maxLength={80}
              defaultValue={desk.assigned ?? ''}
              placeholder="night ops"
              hint="A person or a team; empty for nobody."
            />
            <AreaField label="Note" name="note" rows={4} maxLength={4_000} defaultValue={desk.note} />
          </FormDialog>
        </div>
      )}
    </>
  )
}
