'use client'
import { useRouter } from 'next/navigation'
import { useRef, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog, type ConfirmResult } from '#components/ui/dialog.tsx'
import { Icon } from '#components/ui/icon.tsx'
import { Menu, type MenuItem } from '#components/ui/menu.tsx'
import { showToast } from '#components/ui/toast.tsx'
import type { ShownDevice } from '#lib/application/devices/get-device.ts'
import { sendJson } from '../../send-json.ts'
import { ACT_WORDS, actsFor, type Act } from './command-words.ts'

export type DeviceActionsProps = { id: string; fleetId: string; name: string; status: ShownDevice['status'] }

/** What an operator can tell a device, each with a reason. */
export function DeviceActions({ id, fleetId, name, status }: DeviceActionsProps) {
  const router = useRouter()
  const opener = useRef<HTMLButtonElement>(null)
  const [asked, setAsked] = useState<Act | null>(null)
  const acts = actsFor(status)
  if (acts.length === 0) return null

  const send = async (act: Act, reason: string): Promise<ConfirmResult> => {
    const url = `/api/admin/v1/devices/${id}/commands?fleet=${encodeURIComponent(fleetId)}`
    const sent = await sendJson('POST', url, { type: act, reason })
    if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
    showToast({ kind: 'ok', text: ACT_WORDS[act].done })
    router.refresh()
    return { ok: true }
  }
  const item = (act: Act): MenuItem => ({
    key: act,
    label: `${ACT_WORDS[act].label}…`,
    ...(ACT_WORDS[act].danger === true ? { tone: 'danger' as const } : {}),
    onSelect: () => setAsked(act),
  })
  const groups = [
    { key: 'plain', items: acts.filter((act) => act !== 'revoke').map(item) },
    { key: 'danger', items: [item('revoke')] },
  ]
  const words = asked === null ? null : ACT_WORDS[asked]
  return (
    <>
      <Menu
        trigger={
          <Button ref={opener}>
            Actions
            <Icon name="down" />
          </Button>
        }
        label="Actions"
        groups={groups}
      />
      {asked === null || words === null ? null : (
        <ConfirmDialog
          key={asked}
          onClosed={() => {
            setAsked(null)
            opener.current?.focus()
          }}
          title={words.title(name)}
          reason="required"
          reasonHint={words.hint}
          confirmLabel={words.label}
          danger={words.danger === true}
          onConfirm={({ reason }) => send(asked, reason)}
        >
          {words.says}
        </ConfirmDialog>
      )}
    </>
  )
}
