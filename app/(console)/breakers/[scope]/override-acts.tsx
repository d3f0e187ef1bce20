'use client'
import { useRouter } from 'next/navigation'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog, type ConfirmResult } from '#components/ui/dialog.tsx'
import { SelectField } from '#components/ui/field.tsx'
import { formatRound } from '#components/ui/format.ts'
import { showToast } from '#components/ui/toast.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { fieldText } from '../../settings/field-text.ts'
import { affectedSentence, type OverrideFormProps } from './override-form.tsx'
import { BreakerReason } from './breaker-reason.tsx'
import { useBreakerSend } from './use-breaker-send.ts'

type Props = Pick<OverrideFormProps, 'fleetId' | 'scope' | 'name' | 'version' | 'affected'> & { id: string }

const HOUR_MS = 3_600_000
const ENDS = [HOUR_MS / 4, HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS, 24 * HOUR_MS].map((ms) => ({
  value: String(ms),
  label: `${formatRound(ms)} from now`,
}))

/** What may be done with what holds the breaker: another end, or its end now. */
export function HeldActs({ twoToExtend, ...props }: Props & { twoToExtend: boolean }) {
  const send = useBreakerSend(props)
  return (
    <div className="acts">
      <FormDialog
        trigger={<Button>Another end…</Button>}
        title={`When shall the override of ${props.name} end?`}
        about={
          twoToExtend
            ? 'A later end needs a second person within 15 min; the earlier one stands until then.'
            : 'At most 24 h from now.'
        }
        submitLabel="Set its end"
        done="What was asked is saved"
        send={(form) =>
          send('PATCH', '/override', {
            id: props.id,
            lastsMs: Number(fieldText(form, 'end')),
            reason: fieldText(form, 'reason'),
            version: props.version,
          })
        }
      >
        <SelectField label="Ends" name="end" choices={ENDS} defaultValue={String(HOUR_MS)} />
        <BreakerReason />
      </FormDialog>
      <Withdraw
        {...props}
        label="Release now…"
        title={`Release ${props.name}?`}
        about={`${affectedSentence(props.affected)} It goes through a trial: a few calls are let in, and if all go well it closes.`}
        confirm="Release it"
        done={`${props.name} is released`}
      />
    </div>
  )
}

/** What waits for a second person, or for its time: the one agrees, or it is withdrawn. `begins` says when it is to hold. */
export function WaitingActs({ mayAgree, begins, ...props }: Props & { mayAgree: boolean; begins: string }) {
  const router = useRouter()
  const send = useBreakerSend(props)
  const approve = async (): Promise<ConfirmResult> => {
    const sent = await send('POST', '/override/approve', { id: props.id, version: props.version })
    if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
    showToast({ kind: 'ok', text: `It ${begins}` })
    router.refresh()
    return { ok: true }
  }
  return (
    <div className="acts">
      {mayAgree ? (
        <ConfirmDialog
          trigger={<Button tone="primary">Approve…</Button>}
          title={`Approve this for ${props.name}?`}
          reason="none"
          confirmLabel="Approve"
          keepLabel="Leave it"
          onConfirm={approve}
        >
          {affectedSentence(props.affected)} In every process it {begins}, under both names.
        </ConfirmDialog>
      ) : null}
      <Withdraw
        {...props}
        label={mayAgree ? 'Decline…' : 'Withdraw…'}
        title={mayAgree ? 'Decline what was asked?' : 'Withdraw what you asked for?'}
        about="What holds now holds on."
        confirm={mayAgree ? 'Decline' : 'Withdraw'}
        done="It is withdrawn"
      />
    </div>
  )
}

function Withdraw({
  label,
  title,
  about,
  confirm,
  done,
  ...props
}: Props & { label: string; title: string; about: string; confirm: string; done: string }) {
  const send = useBreakerSend(props)
  return (
    <FormDialog
      trigger={<Button tone="danger">{label}</Button>}
      title={title}
      about={about}
      submitLabel={confirm}
      done={done}
      send={(form) =>
        send('DELETE', '/override', {
          id: props.id,
          reason: fieldText(form, 'reason'),
          version: props.version,
        })
      }
    >
      <BreakerReason />
    </FormDialog>
  )
}
