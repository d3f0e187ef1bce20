'use client'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { useHandOnFocus } from '#components/ui/hand-on-focus.ts'
import { showToast } from '#components/ui/toast.tsx'
import { sendJson, type Sent } from '../send-json.ts'
import { incidentUrl, type IncidentRef } from './incident-links.ts'

const LOST = 'The server did not answer; it is not known whether this was done. Reload before trying again.'

/** One act at one press, on its way once at a time. */
function useAct(done: (body: unknown) => string, send: () => Promise<Sent>) {
  const router = useRouter()
  const [busy, setBusy] = useState(false)
  const ref = useHandOnFocus<HTMLButtonElement>()
  const run = async (): Promise<void> => {
    if (busy) return
    setBusy(true)
    try {
      const sent = await send()
      if (sent.ok) showToast({ kind: 'ok', text: done(sent.body) })
      else showToast({ kind: 'crit', text: `${sent.message} (${sent.code})` })
      router.refresh()
    } catch {
      // No answer came: whether it was done is not known, and the words say so.
      showToast({ kind: 'crit', text: LOST })
    } finally {
      setBusy(false)
    }
  }
  return { ref, 'aria-disabled': busy, 'aria-busy': busy, onClick: () => void run() }
}

/** Whose it is by the answer: of two who press at once one has it, and both are told who. */
const useTake = (of: IncidentRef, name: string) =>
  useAct(
    (body) =>
      `${name} is taken on by ${(body as { ack: { by: { name: string } } }).ack.by.name}: it calls nobody any more, unless it gets worse`,
    () => sendJson('POST', incidentUrl(of, 'ack'), {}),
  )

/** Takes it on: it calls nobody any more, unless it gets worse. */
export function TakeOn({ name, ...of }: IncidentRef & { name: string }) {
  return (
    <Button tone="primary" {...useTake(of, name)}>
      Acknowledge
    </Button>
  )
}

/** The same, within a line. */
export function TakeIt({ name, ...of }: IncidentRef & { name: string }) {
  return (
    <button type="button" className="bare link" {...useTake(of, name)}>
      take it<span className="sr"> on: {name}</span>
    </button>
  )
}

/** Takes that back: it calls anew. */
export function GiveBack(of: IncidentRef) {
  const act = useAct(
    () => 'Given back: it calls again',
    () => sendJson('DELETE', incidentUrl(of, 'ack'), {}),
  )
  return <Button {...act}>Give it back</Button>
}
