'use client'
import { useRouter } from 'next/navigation'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog, type ConfirmResult } from '#components/ui/dialog.tsx'
import { AreaField, CheckField, ReasonField, TextField } from '#components/ui/field.tsx'
import { plural } from '#components/ui/format.ts'
import { Icon } from '#components/ui/icon.tsx'
import { Menu } from '#components/ui/menu.tsx'
import { Status } from '#components/ui/status.tsx'
import { withParams } from '#components/ui/search-params.ts'
import { showToast } from '#components/ui/toast.tsx'
import { FormDialog } from '../form-dialog.tsx'
import { sendJson, type Sent } from '../send-json.ts'
import { fieldText } from '../settings/field-text.ts'

export type GroupActsProps = {
  group: {
    id: string
    version: number
    title: string | null
    note: string
    owner: string | null
    isSnoozed: boolean
    /** Made by a split. */
    byHand: boolean
    /** What was merged into it. */
    merged: readonly { id: string; label: string }[]
    /** What it is called on the page. */
    says: string
  }
  fleetId: string
  role: string
  /** Groups beside it that it could take in. */
  others: readonly { id: string; label: string }[]
}

const HOUR_MS = 3_600_000
const SNOOZES = [
  { label: 'for 1 hour', ms: HOUR_MS },
  { label: 'for 8 hours', ms: 8 * HOUR_MS },
  { label: 'for a day', ms: 24 * HOUR_MS },
  { label: 'for a week', ms: 7 * 24 * HOUR_MS },
] as const

/** What people say of a group, and how it is put together. Who may not sees why. */
export function GroupActs({ group, fleetId, role, others }: GroupActsProps) {
  const router = useRouter()
  const send = useGroupSend(group.id, fleetId)
  if (role === 'viewer') {
    return (
      <p className="sub group-acts">
        <Status kind="unk">Operators only</Status> Your role is viewer; notes, owners, snoozes, merges and
        splits need operator.
      </p>
    )
  }
  const snooze = async (untilMs: number | null): Promise<void> => {
    const sent = await send('PATCH', '', { version: group.version, snoozedUntil: untilMs }).catch(() => null)
    if (sent?.ok === true)
      showToast({ kind: 'ok', text: untilMs === null ? 'The snooze has ended' : 'The cause is snoozed' })
    else showToast({ kind: 'crit', text: sent === null ? UNANSWERED : `${sent.message} (${sent.code})` })
    router.refresh()
  }
  return (
    <div className="group-acts">
      <FormDialog
        trigger={<Button>Note and owner…</Button>}
        title={`What is known of “${group.says}”`}
        about="Everyone in the fleet reads it here and on the overview."
        submitLabel="Save"
        done="Saved"
        send={(form) =>
          send('PATCH', '', {
            version: group.version,
            title: fieldText(form, 'title') || null,
            owner: fieldText(form, 'owner') || null,
            note: fieldText(form, 'note'),
          })
        }
      >
        <TextField
          label="Title"
          name="title"
          maxLength={120}
          defaultValue={group.title ?? ''}
          hint="Stands instead of the cause; empty for the cause itself."
        />
        <TextField
          label="Owner"
          name="owner"
          maxLength={80}
          defaultValue={group.owner ?? ''}
          placeholder="night ops"
        />
        <AreaField label="Note" name="note" rows={4} maxLength={4_000} defaultValue={group.note} />
      </FormDialog>
      <Menu
        trigger={
          <Button>
            Snooze
            <Icon name="down" />
          </Button>
        }
        label="Snooze"
        align="start"
        groups={[
          {
            key: 'for',
            items: SNOOZES.map(({ label, ms }) => ({
              key: label,
              label,
              // The press of a key is when it begins.
              onSelect: () => void snooze(Date.now() + ms),
            })),
          },
          ...(group.isSnoozed
            ? [
                {
                  key: 'end',
                  items: [{ key: 'end', label: 'End it now', onSelect: () => void snooze(null) }],
                },
              ]
            : []),
        ]}
      />
      {others.length === 0 ? null : <MergeDialog says={group.says} others={others} send={send} />}
      {group.merged.length === 0 ? null : <TakenIn causes={group.merged} fleetId={fleetId} />}
      {group.byHand ? <Rejoin send={send} /> : null}
    </div>
  )
}

const UNANSWERED = 'The server did not answer; it is not known whether this was done'

type Send = (method: 'POST' | 'PATCH' | 'DELETE', verb: '' | '/merge', body: object) => Promise<Sent>

function useGroupSend(id: string, fleetId: string): Send {
  return (method, verb, body) =>
    sendJson(
      method,
      `/api/admin/v1/dead-letters/groups/${id}${verb}?fleet=${encodeURIComponent(fleetId)}`,
      body,
    )
}

/** One cause with several faces: the others' letters count here, also those to come. */
function MergeDialog({ says, others, send }: Pick<GroupActsProps, 'others'> & { says: string; send: Send }) {
  return (
    <FormDialog
      trigger={<Button>Merge…</Button>}
      title={`Merge others into “${says}”`}
      about="Their letters count here from now on, those to come among them. Each can be taken out again."
      submitLabel="Merge"
      done="The causes are merged"
      send={async (form) => {
        const groups = form.getAll('group').filter((id) => typeof id === 'string')
        if (groups.length === 0)
          return { ok: false, message: 'No cause is chosen', code: 'nothing_chosen', issues: [] }
        return send('POST', '/merge', { groups, reason: fieldText(form, 'reason') })
      }}
    >
      <fieldset className="choose">
        <legend>Causes to take in</legend>
        {others.map(({ id, label }) => (
          <CheckField key={id} name="group" value={id} label={label} />
        ))}
      </fieldset>
      <ReasonField />
    </FormDialog>
  )
}

/** What was merged into it, each with its way out. */
function TakenIn({ causes, fleetId }: { causes: GroupActsProps['group']['merged']; fleetId: string }) {
  return (
    <FormDialog
      trigger={<Button>Take apart…</Button>}
      title={`${plural(causes.length, 'cause')} ${causes.length === 1 ? 'was' : 'were'} merged into this one`}
      about="One that is taken out stands by itself again, with its letters and what had been merged into it."
      submitLabel="Take out"
      done="The cause stands by itself again"
      send={(form) => {
        const id = fieldText(form, 'group')
        const url = `/api/admin/v1/dead-letters/groups/${id}/unmerge?fleet=${encodeURIComponent(fleetId)}`
        return sendJson('POST', url, { reason: fieldText(form, 'reason') })
      }}
    >
      <fieldset className="choose">
        <legend>Cause to take out</legend>
        {causes.map(({ id, label }, index) => (
          <label key={id} className="check-field">
            <input className="chk" type="radio" name="group" value={id} defaultChecked={index === 0} />{' '}
            {label}
          </label>
        ))}
      </fieldset>
      <ReasonField />
    </FormDialog>
  )
}

/** The end of a group that a person made. */
function Rejoin({ send }: { send: Send }) {
  const router = useRouter()
  const rejoin = async (reason: string): Promise<ConfirmResult> => {
    const sent = await send('DELETE', '', { reason })
    if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
    showToast({ kind: 'ok', text: 'The letters are back with their causes' })
    router.push(withParams('/dead-letters', window.location.search, { q: null, cursor: null }))
    return { ok: true }
  }
  return (
    <ConfirmDialog
      trigger={<Button>Undo the split…</Button>}
      title="Undo this split?"
      reason="required"
      reasonHint="Why do they belong together after all?"
      confirmLabel="Undo the split"
      onConfirm={({ reason }) => rejoin(reason)}
    >
      Its letters go back to the causes of their fingerprints, and this group is no more. No letter is lost.
    </ConfirmDialog>
  )
}
