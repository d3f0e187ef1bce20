'use client'
import { useState, type ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { DialogClose, DialogFrame } from '#components/ui/dialog-frame.tsx'
import { SendForm, type SendFormProps } from './send-form.tsx'

export type FormDialogProps = Omit<SendFormProps, 'primary' | 'beside' | 'onDone'> & {
  /** The button that opens it; without one it is open from the start, and `onClosed` tells of its end. */
  trigger?: ReactNode
  onClosed?: () => void
  title: string
  /** What it does, and what follows from it. */
  about: ReactNode
  /** What of the answer stands in the dialog until it is closed, such as a key that is shown once; null for nothing. */
  show?: (answer: unknown) => ReactNode
}

/** A short form over the page. Esc keeps everything as it was. */
export function FormDialog({ trigger, onClosed, title, about, show, ...form }: FormDialogProps) {
  const [open, setOpen] = useState(trigger === undefined)
  // With what was said above it: the page that follows may say it otherwise, and nothing is to move under the pointer.
  const [shown, setShown] = useState<{ readonly answer: ReactNode; readonly about: ReactNode } | null>(null)
  const change = (next: boolean): void => {
    setOpen(next)
    if (next) setShown(null)
  }
  return (
    <DialogFrame
      trigger={trigger}
      title={title}
      about={shown?.about ?? about}
      open={open}
      onOpenChange={change}
      onClosed={onClosed}
    >
      {shown === null ? (
        <SendForm
          {...form}
          beside={
            <DialogClose>
              <Button hint="Esc">Cancel</Button>
            </DialogClose>
          }
          onDone={(answer) => {
            const kept = show?.(answer) ?? null
            if (kept === null) change(false)
            else setShown({ answer: kept, about })
          }}
        />
      ) : (
        <>
          {shown.answer}
          <div className="acts">
            <DialogClose>
              <Button tone="primary">Done</Button>
            </DialogClose>
          </div>
        </>
      )}
    </DialogFrame>
  )
}
