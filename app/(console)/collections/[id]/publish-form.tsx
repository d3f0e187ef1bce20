'use client'
import { useRouter } from 'next/navigation'
import { useState, type ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ReasonField } from '#components/ui/field.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { useSubmit } from '#components/ui/use-submit.ts'
import { FormFailure, type Failure } from '../../form-failure.tsx'
import { sendJson } from '../../send-json.ts'
import { Overtaken } from '../../send-form.tsx'
import { CheckResult } from './check-result.tsx'
import { refusedBy, type Check } from './check-words.ts'

export type Built = { ok: true; value: Readonly<Record<string, unknown>> } | { ok: false; message: string }

export type PublishFormProps = {
  id: string
  fleetId: string
  /** The version that the fields were made on. */
  basis: number
  touched: boolean
  isOvertaken: boolean
  /** What is published: a schema, up-migrations, rules. */
  build: () => Built
  label: string
  /** Said when it is done. */
  done: string
  /** True for the page's primary step. */
  primary: boolean
  onDone: (version: number) => void
  children: ReactNode
}

const UNANSWERED: Failure = {
  message: 'The server did not answer; reload to see whether it was published.',
  issues: [],
}

/**
 * Publishes rules of a collection. What they would refuse is told first, and where that is something, it takes a reason and
 * a second press.
 */
export function PublishForm(props: PublishFormProps) {
  const { id, fleetId, basis, touched, isOvertaken, build, label, done, primary, onDone, children } = props
  const router = useRouter()
  const [found, setFound] = useState<{ key: string; check: Check } | null>(null)
  const [reason, setReason] = useState('')
  const query = `?fleet=${encodeURIComponent(fleetId)}`

  /** Of just what the fields hold now; told once for the same. */
  const check = async (): Promise<{ check: Check; isNew: boolean } | Failure> => {
    const built = build()
    if (!built.ok) return { message: built.message, issues: [] }
    const key = JSON.stringify(built.value)
    if (found?.key === key) return { check: found.check, isNew: false }
    const sent = await sendJson('POST', `/api/admin/v1/collections/${id}/check${query}`, built.value)
    if (!sent.ok) return { message: `${sent.message} (${sent.code})`, issues: sent.issues }
    setFound({ key, check: sent.body as Check })
    return { check: sent.body as Check, isNew: true }
  }
  const publish = async (): Promise<Failure | null> => {
    const built = build()
    const checked = await check()
    if (!('check' in checked)) return checked
    if (!built.ok) return { message: built.message, issues: [] }
    if (refusedBy(checked.check) > 0) {
      // Seen first; what is said of it then stands beside the field for the reason.
      if (checked.isNew) return null
      if (reason.trim() === '')
        return { message: 'Say why this is right although something would be refused.', issues: [] }
    }
    const why = reason.trim() === '' ? {} : { reason: reason.trim() }
    const change = { ...built.value, version: basis, ...why }
    const sent = await sendJson('PATCH', `/api/admin/v1/collections/${id}${query}`, change)
    if (!sent.ok) return { message: `${sent.message} (${sent.code})`, issues: sent.issues }
    showToast({ kind: 'ok', text: done })
    setFound(null)
    setReason('')
    onDone((sent.body as { version: number }).version)
    router.refresh()
    return null
  }
  const looking = useSubmit({
    ready: touched,
    run: async () => {
      const checked = await check()
      return 'check' in checked ? null : checked
    },
    unanswered: UNANSWERED,
  })
  const sending = useSubmit({ ready: touched, run: publish, unanswered: UNANSWERED })
  const busy = looking.busy || sending.busy
  const failure = sending.failure ?? looking.failure
  const isRefusing = found !== null && refusedBy(found.check) > 0
  return (
    <form className="form" onSubmit={sending.onSubmit}>
      {children}
      <div role="alert">
        {failure === null ? null : <FormFailure failure={failure} whole="(all of it)" />}
        {isOvertaken ? <Overtaken /> : null}
      </div>
      {found === null ? null : <CheckResult check={found.check} />}
      {isRefusing ? (
        <ReasonField
          required={false}
          value={reason}
          placeholder="Why may these be refused?"
          onChange={(event) => setReason(event.target.value)}
        />
      ) : null}
      <div className="acts">
        <Button disabled={busy || !touched} aria-busy={looking.busy} onClick={looking.onSubmit}>
          {looking.busy ? 'Checking…' : 'Check what it would refuse'}
        </Button>
        <Button
          type="submit"
          tone={primary ? 'primary' : 'plain'}
          disabled={busy || !touched}
          aria-busy={sending.busy}
        >
          {sending.busy ? 'Publishing…' : isRefusing ? `${label} nevertheless` : label}
        </Button>
      </div>
    </form>
  )
}
