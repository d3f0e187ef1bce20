'use client'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { CopyText } from '#components/ui/copy-text.tsx'
import { DialogClose, DialogFrame } from '#components/ui/dialog-frame.tsx'
import { AreaField, CheckField, SelectField, TextField } from '#components/ui/field.tsx'
import { Snippet } from '#components/ui/snippet.tsx'
import { LONG_WORDS, type Specimen } from './specimen.ts'

const CHOICES = [
  { value: 'read', label: 'May read' },
  { value: 'write', label: 'May read and write' },
]

/** A dialog that is opened by its button. */
function OpenedDialog() {
  const [open, setOpen] = useState(false)
  return (
    <DialogFrame
      trigger={<Button>New key…</Button>}
      title="A new enrollment key"
      about="Whoever has it can enroll devices in this fleet."
      open={open}
      onOpenChange={setOpen}
    >
      <TextField label="Name" hint={LONG_WORDS} />
      <div className="acts">
        <DialogClose>
          <Button>Cancel</Button>
        </DialogClose>
        <Button tone="primary">Make it</Button>
      </div>
    </DialogFrame>
  )
}

export const FORM_SPECIMENS: readonly Specimen[] = [
  {
    files: ['ui/field'],
    states: [
      {
        name: 'empty, with a hint',
        show: () => <TextField label="Name" hint="As the list shows it." placeholder="DFW" />,
      },
      {
        name: 'not understood',
        show: () => (
          <TextField label="Limit" defaultValue="many" aria-invalid="true" hint="A whole number." />
        ),
      },
      {
        name: 'with what is wrong with it',
        show: () => (
          <TextField
            label="Bound, %"
            defaultValue="100"
            problem="can never fire: a share is at most 1, and never above it"
          />
        ),
      },
      {
        name: 'off, long text',
        show: () => <TextField label={LONG_WORDS} defaultValue={LONG_WORDS} disabled />,
      },
      { name: 'one of some', show: () => <SelectField label="Access" choices={CHOICES} /> },
      {
        name: 'several lines',
        show: () => <AreaField label="Schema" defaultValue={'{\n  "type": "object"\n}'} rows={4} />,
      },
      { name: 'so or not', show: () => <CheckField label="Share it with everyone in the fleet" /> },
    ],
  },
  {
    files: ['ui/copy-text'],
    states: [
      {
        name: 'to be taken elsewhere; press it',
        show: () => <CopyText label="Key" text="tm_enroll_0192f0a1b2c370008000" />,
      },
      { name: 'long text', show: () => <CopyText label="Key" text={LONG_WORDS} /> },
    ],
  },
  {
    files: ['ui/snippet'],
    states: [
      {
        name: 'longer than its place',
        show: () => <Snippet label="Example" text={`await sync('${LONG_WORDS}')`} />,
      },
    ],
  },
  {
    files: ['ui/dialog-frame'],
    states: [{ name: 'a form on a button; open it', show: () => <OpenedDialog /> }],
  },
]
