'use client'
import { useRouter } from 'next/navigation'
import { Button, type ButtonTone } from '#components/ui/button.tsx'
import { ConfirmDialog, type ConfirmResult } from '#components/ui/dialog.tsx'
import { formatCount, plural } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { showToast } from '#components/ui/toast.tsx'
import type { OperationView } from '#lib/application/operations/operation-view.ts'
import { OPERATION_RATE } from '#lib/protocol/limits.ts'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson, type Sent } from '../../send-json.ts'
import { fieldText } from '../../settings/field-text.ts'
import { kindName, memberNoun } from '../operation-words.ts'
import { RateField } from '../rate-field.tsx'

export type OperationActsProps = Pick<OperationView, 'id' | 'kind' | 'total' | 'pending' | 'actions'> & {
  fleetId: string
  role: string
  /** Members a second. */
  rate: number
}

type Verb = 'start' | 'pause' | 'resume' | 'cancel'
type Send = (verb: string, body: object) => Promise<Sent>

/** What may be done with an operation as it stands; each takes effect within two seconds. */
export function OperationActs(props: OperationActsProps) {
  const { id, fleetId, role, kind, total, pending, rate, actions } = props
  const router = useRouter()
  const send: Send = (verb, body) =>
    sendJson('POST', `/api/admin/v1/operations/${id}/${verb}?fleet=${encodeURIComponent(fleetId)}`, body)
  if (actions.length === 0) return null
  if (role === 'viewer') {
    return (
      <p className="sub">
        <Status kind="unk">Operators only</Status> Your role is viewer; starting, pausing and cancelling need
        operator.
      </p>
    )
  }
  const turn = async (verb: Verb, reason: string): Promise<ConfirmResult> => {
    const sent = await send(verb, { reason })
    if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
    showToast({ kind: 'ok', text: TURNS[verb].done })
    router.refresh()
    return { ok: true }
  }
  const noun = memberNoun(kind)
  const left = plural(pending, noun)
  const says: Record<Verb, { title: string; about: string }> = {
    start: {
      title: `Start it over ${plural(total, noun)}?`,
      about: 'One runs first, then 10, then 100, then the rest; it pauses by itself when too many fail.',
    },
    pause: {
      title: 'Pause it?',
      about: `What runs at this moment ends first; ${left} to come wait until it goes on.`,
    },
    resume: {
      title: 'Let it go on?',
      about: `${left} to come. It pauses again by itself when too many fail.`,
    },
    cancel: {
      title: `Cancel this ${kindName(kind).toLowerCase()}?`,
      about: `${left} to come will be passed over. What has run stays as it is.`,
    },
  }
  return (
    <>
      {actions.includes('rate') ? (
        <RateDialog send={send} noun={noun} left={left} pending={pending} rate={rate} />
      ) : null}
      {actions.includes('preview') ? <PreviewButton send={send} /> : null}
      {VERBS.filter((verb) => actions.includes(verb)).map((verb) => (
        <ConfirmDialog
          key={verb}
          trigger={<Button tone={TURNS[verb].tone}>{TURNS[verb].label}…</Button>}
          title={says[verb].title}
          reason="required"
          confirmLabel={TURNS[verb].label}
          keepLabel="Leave it"
          danger={verb === 'cancel'}
          onConfirm={({ reason }) => turn(verb, reason)}
        >
          {says[verb].about}
        </ConfirmDialog>
      ))}
    </>
  )
}

function RateDialog({
  send,
  noun,
  left,
  pending,
  rate,
}: {
  send: Send
  noun: 'letter' | 'conflict'
  left: string
  pending: number
  rate: number
}) {
  return (
    <FormDialog
      trigger={<Button>Change the rate…</Button>}
      title={`How many ${noun}s a second, at most?`}
      about={`${left} to come; ${formatCount(OPERATION_RATE.max)} is the most.`}
      submitLabel="Change the rate"
      done="The rate is changed"
      send={(form) => send('rate', { rate: Number(fieldText(form, 'rate')) })}
    >
      <RateField noun={noun} count={pending} rate={rate} />
    </FormDialog>
  )
}

/** A dry run over its own members; what it says is kept with the operation. */
function PreviewButton({ send }: { send: Send }) {
  const router = useRouter()
  const look = async (): Promise<void> => {
    const sent = await send('preview', {}).catch(() => null)
    if (sent?.ok === true) showToast({ kind: 'ok', text: 'The dry run is done' })
    else
      showToast({
        kind: 'crit',
        text: sent === null ? 'The server did not answer' : `${sent.message} (${sent.code})`,
      })
    router.refresh()
  }
  return <Button onClick={() => void look()}>Preview</Button>
}

const VERBS = ['cancel', 'pause', 'resume', 'start'] as const
const TURNS = {
  start: { label: 'Start', tone: 'primary', done: 'It has started' },
  pause: { label: 'Pause', tone: 'plain', done: 'It is paused' },
  resume: { label: 'Resume', tone: 'primary', done: 'It goes on' },
  cancel: { label: 'Cancel it', tone: 'quiet danger', done: 'It is being cancelled' },
} as const satisfies Record<Verb, { label: string; tone: ButtonTone; done: string }>
