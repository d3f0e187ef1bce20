'use client'
import { useRouter } from 'next/navigation'
import { useRef } from 'react'
import { ReasonField, TextField } from '#components/ui/field.tsx'
import { formatCount } from '#components/ui/format.ts'
import { newId } from '#components/ui/new-id.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import type { Preview } from '#lib/application/operations/preview-operation.ts'
import { OPERATION_RATE, UNTYPED_MAX } from '#lib/protocol/limits.ts'
import { forgetSelection } from '../../dead-letters/use-selection.ts'
import { SendForm } from '../../send-form.tsx'
import { sendJson, type Sent } from '../../send-json.ts'
import { fieldText } from '../../settings/field-text.ts'
import { KIND_WORDS } from '../operation-words.ts'
import { RateField } from '../rate-field.tsx'
import type { ComposerProps } from './composer.tsx'

/** Makes the operation over what was shown, and starts it: it is refused where the filter takes another number by now. */
export function StartForm({
  kind,
  takesAll,
  fleetId,
  query,
  asked,
  preview: { matched, total },
  onMoved,
}: ComposerProps & {
  /** What the dry run was of, as text. */
  asked: string
  preview: Preview
  /** Another number of letters matches by now: the dry run is of the past. */
  onMoved: () => void
}) {
  const router = useRouter()
  // Sent again it is the same operation: a double click makes one. `made` is what stands on the server, not started.
  const draft = useRef<{ id: string; made: string | null }>({ id: newId(), made: null })
  const isTyped = takesAll || total > UNTYPED_MAX.letters
  const url = (path: string): string => `/api/admin/v1/operations${path}?fleet=${encodeURIComponent(fleetId)}`

  // The dry run of its own members is kept with it: its page says afterwards whether it came out so.
  const begin = async (id: string, reason: string): Promise<Sent> => {
    const seen = await sendJson('POST', url(`/${id}/preview`), {})
    // Started by an answer that was lost: what starting says is to the point then.
    if (!seen.ok && seen.code !== 'operation_state') return seen
    return sendJson('POST', url(`/${id}/start`), { reason })
  }

  const send = async (form: FormData): Promise<Sent> => {
    const typed = fieldText(form, 'count').replaceAll(/[,\s]/g, '')
    if (isTyped && typed !== String(matched))
      return {
        ok: false,
        message: `Type ${formatCount(matched)}, the number of letters, to go on`,
        code: 'count_not_typed',
        issues: [],
      }
    const reason = fieldText(form, 'reason')
    if (draft.current.made !== null && draft.current.made !== asked)
      draft.current = { id: newId(), made: null }
    const { id } = draft.current
    if (draft.current.made === asked) return begin(id, reason)
    const made = await sendJson('POST', url(''), {
      ...(JSON.parse(asked) as object),
      id,
      reason,
      rate: Number(fieldText(form, 'rate')),
      count: matched,
      ...(takesAll ? { allowAll: true } : {}),
    })
    if (!made.ok) {
      if (made.code === 'count_changed') onMoved()
      return made
    }
    draft.current.made = asked
    return begin(id, reason)
  }
  return (
    <Section
      title="Start it"
      note="1 letter first, then 10, then 100, then the rest; it stops by itself when too many fail"
    >
      <SendForm
        submitLabel={`${KIND_WORDS[kind].begin} of ${formatCount(matched)}`}
        done="The operation has started"
        send={send}
        onDone={() => {
          forgetSelection()
          router.push(carryShared(`/operations/${draft.current.id}`, query))
        }}
      >
        <ReasonField />
        <RateField noun="letter" count={total} rate={OPERATION_RATE.default} />
        {isTyped ? (
          <TextField
            label={`Type ${formatCount(matched)} to go on`}
            name="count"
            inputMode="numeric"
            required
            hint={
              takesAll
                ? 'The filter names no cause: it may take every dead letter.'
                : 'It takes that many letters.'
            }
          />
        ) : null}
      </SendForm>
    </Section>
  )
}
