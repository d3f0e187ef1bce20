'use client'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { DialogClose, DialogFrame } from '#components/ui/dialog-frame.tsx'
import { ReasonField, TextField } from '#components/ui/field.tsx'
import { plural } from '#components/ui/format.ts'
import { GROUP_SPLIT_MAX } from '#lib/protocol/limits.ts'
import { SendForm } from '../send-form.tsx'
import { sendJson } from '../send-json.ts'
import { fieldText } from '../settings/field-text.ts'

/** Takes the chosen letters into a group of their own: they share a cause that no fingerprint tells. */
export function SplitDialog({
  letters,
  fleetId,
  onDone,
}: {
  letters: readonly string[]
  fleetId: string
  onDone: () => void
}) {
  const [open, setOpen] = useState(false)
  if (letters.length > GROUP_SPLIT_MAX) return null
  return (
    <DialogFrame
      trigger={<Button tone="quiet">Split off…</Button>}
      title={`Split ${plural(letters.length, 'letter')} off?`}
      about="They stand as a cause of their own from now on. Letters to come still go where their fingerprint says; the split can be undone."
      open={open}
      onOpenChange={setOpen}
    >
      <SendForm
        submitLabel="Split off"
        done={`${plural(letters.length, 'letter')} split off into a cause of their own`}
        send={(form) =>
          sendJson('POST', `/api/admin/v1/dead-letters/groups?fleet=${encodeURIComponent(fleetId)}`, {
            letters,
            title: fieldText(form, 'title'),
            reason: fieldText(form, 'reason'),
          })
        }
        beside={
          <DialogClose>
            <Button hint="Esc">Cancel</Button>
          </DialogClose>
        }
        onDone={() => {
          setOpen(false)
          onDone()
        }}
      >
        <TextField label="What they have in common" name="title" maxLength={120} required />
        <ReasonField />
      </SendForm>
    </DialogFrame>
  )
}
