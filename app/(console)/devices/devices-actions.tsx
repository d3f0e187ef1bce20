'use client'
import { useRouter } from 'next/navigation'
import { useRef, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog, type ConfirmResult } from '#components/ui/dialog.tsx'
import { formatCount } from '#components/ui/format.ts'
import { Icon } from '#components/ui/icon.tsx'
import { Menu } from '#components/ui/menu.tsx'
import { newId } from '#components/ui/new-id.ts'
import { showToast } from '#components/ui/toast.tsx'
import type { CommandedDevices } from '#lib/application/devices/command-devices.ts'
import { DEVICES_COMMANDED_MAX } from '#lib/protocol/limits.ts'
import { sendJson } from '../send-json.ts'
import { ACT_WORDS, MANY_ACTS, manyDoneWords, manySays, type Act } from './[id]/command-words.ts'

export type DevicesActionsProps = {
  fleetId: string
  /** What the list shows is what is told. */
  q: string
  /** How many match; null where more do than are counted. */
  count: number | null
}

/** What an operator can tell all devices of a list at once. */
export function DevicesActions({ fleetId, q, count }: DevicesActionsProps) {
  const opener = useRef<HTMLButtonElement>(null)
  const [asked, setAsked] = useState<Act | null>(null)
  if (count === null || count > DEVICES_COMMANDED_MAX)
    return (
      <Button
        disabled
      >{`To tell them something, narrow the list to ${formatCount(DEVICES_COMMANDED_MAX)}`}</Button>
    )
  const items = MANY_ACTS.map((act) => ({
    key: act,
    label: `${ACT_WORDS[act].label}…`,
    onSelect: () => setAsked(act),
  }))
  const label = count === 1 ? 'Tell this device' : `Tell all ${formatCount(count)} devices`
  return (
    <>
      <Menu
        trigger={
          <Button ref={opener}>
            {label}
            <Icon name="down" />
          </Button>
        }
        label={label}
        groups={[{ key: 'acts', items }]}
      />
      {asked === null ? null : (
        <ManyDialog
          key={asked}
          act={asked}
          fleetId={fleetId}
          q={q}
          count={count}
          onClosed={() => {
            setAsked(null)
            opener.current?.focus()
          }}
        />
      )}
    </>
  )
}

function ManyDialog({
  act,
  fleetId,
  q,
  count,
  onClosed,
}: DevicesActionsProps & { act: Act; count: number; onClosed: () => void }) {
  const router = useRouter()
  // Of the dialog: a second try of the same act tells no device twice.
  const [id] = useState(newId)
  const words = ACT_WORDS[act]
  const send = async (reason: string): Promise<ConfirmResult> => {
    const url = `/api/admin/v1/devices/commands?fleet=${encodeURIComponent(fleetId)}`
    const sent = await sendJson('POST', url, { type: act, q, count, reason, id })
    if (!sent.ok) {
      // The count above the list, and with it what has to be typed, is brought up to date.
      if (sent.code === 'count_changed') router.refresh()
      return { ok: false, message: `${sent.message} (${sent.code})` }
    }
    showToast({ kind: 'ok', text: manyDoneWords(sent.body as CommandedDevices) })
    router.refresh()
    return { ok: true }
  }
  return (
    <ConfirmDialog
      onClosed={onClosed}
      title={words.title(count === 1 ? 'this device' : `all ${formatCount(count)} devices that match`)}
      reason="required"
      reasonHint={words.hint}
      {...(count > 1 && { typedCount: count })}
      confirmLabel={words.label}
      onConfirm={({ reason }) => send(reason)}
    >
      {manySays(act)}
    </ConfirmDialog>
  )
}
