'use client'
import { useRef, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ActDialog } from './act-dialog.tsx'
import { ACT_WORDS, type Act } from './command-words.ts'

/** The next step where it is an act on the device. */
export function NextCommand({
  act,
  label,
  id,
  fleetId,
  name,
}: {
  act: Act
  label: string
  id: string
  fleetId: string
  name: string
}) {
  const opener = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState(false)
  const close = (): void => {
    setOpen(false)
    opener.current?.focus()
  }
  return (
    <>
      <Button
        ref={opener}
        tone={ACT_WORDS[act].danger === true ? 'danger' : 'primary'}
        onClick={() => setOpen(true)}
      >
        {label}
      </Button>
      {open ? <ActDialog act={act} id={id} fleetId={fleetId} name={name} onClosed={close} /> : null}
    </>
  )
}
