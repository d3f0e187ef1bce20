'use client'
import { useRouter } from 'next/navigation'
import { ConfirmDialog, type ConfirmResult } from '#components/ui/dialog.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { sendJson } from '../../send-json.ts'
import { ACT_WORDS, type Act } from './command-words.ts'

/** One act on one device, open from the start: says what it does, asks for a reason, and does it. */
export function ActDialog({
  act,
  id,
  fleetId,
  name,
  onClosed,
}: {
  act: Act
  id: string
  fleetId: string
  name: string
  onClosed: () => void
}) {
  const router = useRouter()
  const words = ACT_WORDS[act]
  const send = async (reason: string): Promise<ConfirmResult> => {
    const url = `/api/admin/v1/devices/${id}/commands?fleet=${encodeURIComponent(fleetId)}`
    const sent = await sendJson('POST', url, { type: act, reason })
    if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
    showToast({ kind: 'ok', text: words.done })
    router.refresh()
    return { ok: true }
  }
  return (
    <ConfirmDialog
      onClosed={onClosed}
      title={words.title(name)}
      reason="required"
      reasonHint={words.hint}
      confirmLabel={words.label}
      danger={words.danger === true}
      onConfirm={({ reason }) => send(reason)}
    >
      {words.says}
    </ConfirmDialog>
  )
}
