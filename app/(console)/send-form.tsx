'use client'
import { useRouter } from 'next/navigation'
import { useRef, type ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Status } from '#components/ui/status.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { useSubmit } from '#components/ui/use-submit.ts'
import { FormFailure, type Failure } from './form-failure.tsx'
import type { Sent } from './send-json.ts'

export type SendFormProps = {
  /** The fields, each with a name. */
  children: ReactNode
  send: (form: FormData) => Promise<Sent>
  submitLabel: string
  /** Said when it is done. */
  done: string
  /** False for one among others on its page, whose primary step is another one. */
  primary?: boolean
  /** False while something is still to be filled in, or put right. */
  ready?: boolean
  /** What stands beside the button that sends it. */
  beside?: ReactNode
  onDone?: (answer: unknown) => void
}

/** Beside fields whose basis is no more what is stored. */
export function Overtaken() {
  return <Status kind="warn">Somebody else changed this meanwhile; copy what you typed and reload.</Status>
}

const UNANSWERED: Failure = {
  message: 'The server did not answer; it is not known whether this was done. Reload before trying again.',
  issues: [],
}

/** Fields that are sent as one write. What was typed stays when it is refused, with the reasons. */
export function SendForm({
  children,
  send,
  submitLabel,
  done,
  primary = true,
  ready = true,
  beside,
  onDone,
}: SendFormProps) {
  const router = useRouter()
  const form = useRef<HTMLFormElement>(null)
  const run = async (): Promise<Failure | null> => {
    const sent = await send(new FormData(form.current ?? undefined))
    if (!sent.ok) return { message: `${sent.message} (${sent.code})`, issues: sent.issues }
    showToast({ kind: 'ok', text: done })
    router.refresh()
    onDone?.(sent.body)
    return null
  }
  const { busy, failure, onSubmit } = useSubmit({ ready, run, unanswered: UNANSWERED })
  return (
    <form className="form" ref={form} onSubmit={onSubmit}>
      {children}
      <div role="alert">
        {failure === null ? null : <FormFailure failure={failure} whole="(all of it)" />}
      </div>
      <div className="acts">
        {beside}
        <Button type="submit" tone={primary ? 'primary' : 'plain'} disabled={!ready || busy} aria-busy={busy}>
          {busy ? 'Working…' : submitLabel}
        </Button>
      </div>
    </form>
  )
}
