'use client'
import { useRouter } from 'next/navigation'
import type { ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog } from '#components/ui/dialog.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { sendJson } from '../send-json.ts'

/** Takes back what lets somebody in, for a reason. */
export function RevokeDialog({
  url,
  title,
  reasonHint,
  children,
}: {
  /** What is deleted in the operator API. */
  url: string
  title: string
  reasonHint?: string
  /** What it means for whoever has it. */
  children: ReactNode
}) {
  const router = useRouter()
  return (
    <ConfirmDialog
      trigger={<Button tone="quiet danger">Revoke…</Button>}
      title={title}
      reason="required"
      {...(reasonHint === undefined ? {} : { reasonHint })}
      confirmLabel="Revoke"
      danger
      onConfirm={async ({ reason }) => {
        const sent = await sendJson('DELETE', url, { reason })
        if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
        showToast({ kind: 'ok', text: 'Revoked' })
        router.refresh()
        return { ok: true }
      }}
    >
      {children}
    </ConfirmDialog>
  )
}
