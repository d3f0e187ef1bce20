'use client'
import { useRouter } from 'next/navigation'
import { useRef, useState, type SubmitEvent } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog, type ConfirmResult } from '#components/ui/dialog.tsx'
import { CheckField, SelectField } from '#components/ui/field.tsx'
import { formatRound, plural } from '#components/ui/format.ts'
import { showToast } from '#components/ui/toast.tsx'
import { FORCED_KINDS, type ForcedKind } from '#lib/application/breakers/terms.ts'
import { UNTYPED_MAX } from '#lib/protocol/limits.ts'
import { fieldText } from '../../settings/field-text.ts'
import { FORCED_WORDS } from '../breaker-words.ts'
import { BreakerReason } from './breaker-reason.tsx'
import { useBreakerSend } from './use-breaker-send.ts'

export type OverrideFormProps = {
  fleetId: string
  scope: string
  /** As a sentence begins with it. */
  name: string
  /** What was said last; a later word makes this one void. */
  version: number
  affected: { devices: number; isMore: boolean; requestsPerMinute: number }
  secondPersonFor: readonly ForcedKind[]
  /** What holds it now, in words; null when nobody holds it. */
  held: string | null
}

type Asked = { kind: ForcedKind; reason: string; delayMs: number; lengthMs: number; breakGlass: boolean }

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const LENGTHS_MS = [15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS, 24 * HOUR_MS]
const DELAYS_MS = [0, 15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS]
const lengthChoices = LENGTHS_MS.map((ms) => ({ value: String(ms), label: formatRound(ms) }))
const delayChoices = DELAYS_MS.map((ms) => ({
  value: String(ms),
  label: ms === 0 ? 'at once' : `in ${formatRound(ms)}`,
}))
/** The lever: what, from when, how long, and why. What it will do is said before it is done. */
export function OverrideForm(props: OverrideFormProps) {
  const [kind, setKind] = useState<ForcedKind>('forced_open')
  const [breaksGlass, setBreaksGlass] = useState(false)
  const [asked, setAsked] = useState<Asked | null>(null)
  const form = useRef<HTMLFormElement>(null)
  const needsTwo = props.secondPersonFor.includes(kind)
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault()
    const data = new FormData(form.current ?? undefined)
    setAsked({
      kind,
      reason: fieldText(data, 'reason'),
      delayMs: Number(fieldText(data, 'delay')),
      lengthMs: Number(fieldText(data, 'length')),
      breakGlass: needsTwo && breaksGlass,
    })
  }
  const waits = needsTwo && !breaksGlass
  return (
    <>
      <form className="form override" ref={form} onSubmit={onSubmit}>
        <fieldset className="seg">
          <legend className="sr">Kind of override</legend>
          {FORCED_KINDS.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="kind"
                value={one}
                checked={kind === one}
                onChange={() => setKind(one)}
              />
              <span>{FORCED_WORDS[one].name}</span>
            </label>
          ))}
        </fieldset>
        <div className="two">
          <SelectField
            label="Ends after, at most 24 h"
            name="length"
            choices={lengthChoices}
            defaultValue={String(HOUR_MS)}
          />
          <SelectField label="Starts" name="delay" choices={delayChoices} />
        </div>
        <BreakerReason />
        {needsTwo ? (
          <CheckField
            label="Break the glass: take effect without a second person"
            checked={breaksGlass}
            onChange={(event) => setBreaksGlass(event.target.checked)}
          />
        ) : null}
        <p className="sub">
          {waits
            ? 'Takes effect when a second person agrees, within 15 min; what holds until then holds on.'
            : FORCED_WORDS[kind].means}
        </p>
        <div className="acts">
          <Button type="submit" tone={waits ? 'primary' : 'danger'}>
            {waits ? 'Ask a second person…' : `${FORCED_WORDS[kind].verb}…`}
          </Button>
        </div>
      </form>
      {asked === null ? null : (
        <Confirm
          {...props}
          asked={asked}
          waits={waits}
          onClosed={() => setAsked(null)}
          onDone={() => form.current?.reset()}
        />
      )}
    </>
  )
}

function Confirm({
  asked,
  waits,
  onClosed,
  onDone,
  ...props
}: OverrideFormProps & { asked: Asked; waits: boolean; onClosed: () => void; onDone: () => void }) {
  const router = useRouter()
  const send = useBreakerSend(props)
  const { devices } = props.affected
  const { kind, reason, delayMs, lengthMs, breakGlass } = asked
  const isTyped = devices > UNTYPED_MAX.devices && !waits
  const confirm = async (): Promise<ConfirmResult> => {
    // By the server's clock: this one may be wrong.
    const sent = await send('POST', '/override', {
      kind,
      reason,
      version: props.version,
      ...(delayMs > 0 && { startsInMs: delayMs }),
      lastsMs: lengthMs,
      ...(breakGlass && { breakGlass }),
      ...(isTyped && { devices }),
    })
    if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
    showToast({
      kind: 'ok',
      text: waits ? 'A second person is asked' : `${props.name}: ${FORCED_WORDS[kind].is}`,
    })
    onDone()
    router.refresh()
    return { ok: true }
  }
  const when = delayMs === 0 ? '' : `, beginning in ${formatRound(delayMs)}`
  return (
    <ConfirmDialog
      onClosed={onClosed}
      title={`${FORCED_WORDS[kind].verb.replace(' it ', ` ${props.name} `)} for ${formatRound(lengthMs)}${when}?`}
      reason="none"
      confirmLabel={waits ? 'Ask a second person' : breakGlass ? 'Break the glass' : FORCED_WORDS[kind].verb}
      keepLabel="Leave it"
      danger={!waits}
      {...(isTyped && { typedCount: devices })}
      onConfirm={confirm}
    >
      {affectedSentence(props.affected)} {FORCED_WORDS[kind].means} It ends through a trial.
      {props.held === null || waits || delayMs > 0
        ? null
        : ` It takes the place of what holds it now: ${props.held}.`}
      {breakGlass ? ' Nobody else has agreed: that is marked in the audit log.' : null} Reason: “{reason}”.
    </ConfirmDialog>
  )
}

/** Whom it meets, as the confirmation says it. Pure. */
export const affectedSentence = ({
  devices,
  isMore,
  requestsPerMinute,
}: OverrideFormProps['affected']): string =>
  `It meets ${plural(devices, 'device')}${isMore ? ' or more' : ''} active in the last day and ${plural(requestsPerMinute, 'request')} per minute.`
