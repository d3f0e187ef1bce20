'use client'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { withParams } from '#components/ui/search-params.ts'
import { showToast } from '#components/ui/toast.tsx'
import type { LabRunFound } from '#lib/application/lab/list-lab-runs.ts'
import { StrategyFields, strategiesOf, type StrategyFormProps } from '../collections/[id]/strategy-form.tsx'
import { FormDialog } from '../form-dialog.tsx'
import { sendJson, type Sent } from '../send-json.ts'

export type RunActsProps = {
  fleetId: string
  collectionId: string
  fromMs: number
  toMs: number
  clocksOffMs: number
  query: string
  settings: Pick<StrategyFormProps, 'strategy' | 'tieRule' | 'fieldStrategies'>
}

/** Begins a run over the page's range; the address then names it, so that a reload goes on showing it. */
export function RunActs({ fleetId, collectionId, fromMs, toMs, clocksOffMs, query, settings }: RunActsProps) {
  const router = useRouter()
  const [busy, setBusy] = useState(false)
  const start = (proposed: object | null): Promise<Sent> =>
    sendJson('POST', `/api/admin/v1/lab/runs?fleet=${encodeURIComponent(fleetId)}`, {
      collection: collectionId,
      from: fromMs,
      to: toMs,
      clocksOffMs,
      proposed,
    })
  const follow = (answer: unknown): void => {
    const { id } = answer as LabRunFound
    router.push(withParams('/lab', query, { collection: collectionId, run: id, show: null }), {
      scroll: false,
    })
  }
  const run = async (): Promise<void> => {
    setBusy(true)
    try {
      const sent = await start(null)
      if (sent.ok) follow(sent.body)
      else showToast({ kind: 'crit', text: `${sent.message} (${sent.code})` })
    } catch {
      // A lost connection: nothing is known of the run, and the list of runs will tell.
      showToast({
        kind: 'crit',
        text: 'The server did not answer; look at the list of runs before trying again.',
      })
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <FormDialog
        trigger={<Button>Try other settings…</Button>}
        title="Replay by settings of your own"
        about="They stand beside the others in the run; nothing is changed."
        submitLabel="Run"
        done="The lab runs"
        send={(form) => start(strategiesOf(form))}
        show={(answer) => {
          follow(answer)
          return null
        }}
      >
        <div className="form">
          <StrategyFields {...settings} onCount={() => undefined} />
        </div>
      </FormDialog>
      <Button tone="primary" disabled={busy} aria-busy={busy} onClick={() => void run()}>
        {busy ? 'Working…' : 'Run the lab'}
      </Button>
    </>
  )
}
