'use client'
import { useRouter } from 'next/navigation'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog } from '#components/ui/dialog.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { showToast } from '#components/ui/toast.tsx'
import { sendJson } from '../../send-json.ts'
import { RULES_PATH, rulesUrl } from './rule-links.ts'

export type TakeBackProps = {
  fleetId: string
  name: string
  title: string
  version: number
  /** A shipped one is as shipped again, the fleet's own is gone. */
  origin: 'changed' | 'own'
  query: string
}

/** Takes back what this fleet made of a rule. */
export function TakeBack({ fleetId, name, title, version, origin, query }: TakeBackProps) {
  const router = useRouter()
  const isOwn = origin === 'own'
  return (
    <ConfirmDialog
      trigger={
        <Button tone={isOwn ? 'quiet danger' : 'plain'}>{isOwn ? 'Remove…' : 'Back to as shipped…'}</Button>
      }
      title={isOwn ? `Remove the rule “${title}”?` : `Have “${title}” as shipped again?`}
      reason="none"
      confirmLabel={isOwn ? 'Remove it' : 'As shipped'}
      danger={isOwn}
      onConfirm={async () => {
        const sent = await sendJson('DELETE', rulesUrl(fleetId, `/${name}`), { version })
        if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
        showToast({ kind: 'ok', text: isOwn ? 'The rule is removed' : 'The rule is as shipped' })
        if (isOwn) router.push(carryShared(RULES_PATH, query))
        else router.refresh()
        return { ok: true }
      }}
    >
      {isOwn
        ? 'What it fires for ends with the next look, within 15 s. Its incidents stay.'
        : 'What this fleet changed of it is gone; the audit log keeps it.'}
    </ConfirmDialog>
  )
}
