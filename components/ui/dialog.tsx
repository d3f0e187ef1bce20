'use client'
import { useId, useState, type ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { DialogClose, DialogFrame } from '#components/ui/dialog-frame.tsx'
import { ReasonField } from '#components/ui/field.tsx'
import { formatCount } from '#components/ui/format.ts'
import { StatusShape } from '#components/ui/status.tsx'
import { useSubmit } from '#components/ui/use-submit.ts'

/** What `onConfirm` came to: done, or the sentence to show in the open dialog. */
export type ConfirmResult = { ok: true } | { ok: false; message: string }

export type ConfirmDialogProps = {
  /** The button that opens it; without one it is open from the start, and `onClosed` tells of its end. */
  trigger?: ReactNode
  onClosed?: () => void
  /** A question with its count: "Discard 1,284 dead letters of 611 devices?" */
  title: string
  /** What it touches, and what can be undone. */
  children: ReactNode
  reason: 'required' | 'none'
  reasonHint?: string
  /** For a large act: the count that has to be typed. */
  typedCount?: number
  confirmLabel: string
  keepLabel?: string
  danger?: boolean
  onConfirm: (input: { reason: string }) => Promise<ConfirmResult>
}

/** An act that says what it touches and asks for a reason before it is done. Esc keeps everything. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const [open, setOpen] = useState(props.trigger === undefined)
  return (
    <DialogFrame
      trigger={props.trigger}
      title={props.title}
      about={props.children}
      open={open}
      onOpenChange={setOpen}
      onClosed={props.onClosed}
    >
      <ConfirmForm {...props} onDone={() => setOpen(false)} />
    </DialogFrame>
  )
}

function ConfirmForm({ onDone, ...props }: ConfirmDialogProps & { onDone: () => void }) {
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const failureId = useId()
  const counted =
    props.typedCount === undefined || typed.replaceAll(/[,\s]/g, '') === String(props.typedCount)
  const ready = counted && (props.reason === 'none' || reason.trim() !== '')

  const run = async (): Promise<string | null> => {
    const result = await props.onConfirm({ reason: reason.trim() })
    if (!result.ok) return result.message
    onDone()
    return null
  }
  const { busy, failure, onSubmit } = useSubmit({
    ready,
    run,
    unanswered:
      'The server did not answer; it is not known whether this was done. Reload before trying again.',
  })

  return (
    <form className="form" onSubmit={onSubmit}>
      {props.reason === 'none' ? null : (
        <ReasonField
          value={reason}
          placeholder={props.reasonHint}
          onChange={(event) => setReason(event.target.value)}
        />
      )}
      {props.typedCount === undefined ? null : (
        <label className="field">
          <span>
            Type <b>{props.typedCount}</b> to go on
          </span>
          <input
            className="input"
            value={typed}
            inputMode="numeric"
            autoComplete="off"
            aria-label={`Type ${formatCount(props.typedCount)} to go on`}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
      )}
      {failure === null ? null : (
        <p className="field" role="alert" id={failureId}>
          <span className="err">
            <StatusShape kind="crit" />
            {failure}
          </span>
        </p>
      )}
      <div className="acts">
        <DialogClose>
          <Button hint="Esc">{props.keepLabel ?? 'Cancel'}</Button>
        </DialogClose>
        <Button
          type="submit"
          tone={props.danger === true ? 'danger' : 'primary'}
          disabled={!ready || busy}
          aria-busy={busy}
        >
          {busy ? 'Working…' : props.confirmLabel}
        </Button>
      </div>
    </form>
  )
}
