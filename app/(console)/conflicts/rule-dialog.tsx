'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { DialogClose, DialogFrame } from '#components/ui/dialog-frame.tsx'
import { ReasonField, SelectField, TextField } from '#components/ui/field.tsx'
import { formatCount, plural } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { useSubmit } from '#components/ui/use-submit.ts'
import type { ByRule, ByRuleCount } from '#lib/application/conflicts/by-rule.ts'
import type { ByRulePreview } from '#lib/application/conflicts/preview-by-rule.ts'
import type { ByRuleRun } from '#lib/application/conflicts/resolve-by-rule.ts'
import { CONFLICTS_BY_RULE_MAX } from '#lib/protocol/limits.ts'
import { FormFailure, type Failure } from '../form-failure.tsx'
import { sendJson } from '../send-json.ts'
import { usePreview } from '../use-preview.ts'
import { addCounts, decidedOf, outcomeWords, RULES } from './rule-words.ts'

export type RuleDialogProps = {
  fleetId: string
  /** Whose open conflicts are decided. */
  q: string
  /** When the page was made: what arose since is none of them. */
  beforeMs: number
}

/** Whether any of the list waits for a decision. */
type Offer = RuleDialogProps & { waiting: boolean }

type Progress = { looked: number; counts: readonly ByRuleCount[]; ended: boolean }

/** One rule for all open conflicts of a list: looked at first, then run in parts that each stand by themselves. */
export function RuleDialog({ waiting, ...props }: Offer) {
  const [open, setOpen] = useState(false)
  // A run decides the last of them: what it came to is still to be read.
  if (!waiting && !open) return null
  return (
    <DialogFrame
      trigger={<Button>Decide all by a rule…</Button>}
      title="Decide all open conflicts of this list by a rule"
      about="Each is decided by itself, with an entry in the audit log, and its device is told. What the rule says nothing of stays open."
      open={open}
      onOpenChange={setOpen}
    >
      <RuleForm {...props} />
    </DialogFrame>
  )
}

function RuleForm({ fleetId, q, beforeMs }: RuleDialogProps) {
  const router = useRouter()
  const url = (verb: string): string =>
    `/api/admin/v1/conflicts/by-rule${verb}?fleet=${encodeURIComponent(fleetId)}`
  const [rule, setRule] = useState<ByRule>('theirs')
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const [progress, setProgress] = useState<Progress | null>(null)
  const [{ sinceMs, failure: notSeen, looked }, look] = usePreview<ByRulePreview>(url('/preview'))
  // The page is made anew while somebody types here.
  const [before] = useState(beforeMs)
  const asked = JSON.stringify({ rule, q, before })
  const isGone = useRef(false)
  useEffect(() => {
    isGone.current = false
    return () => {
      isGone.current = true
    }
  }, [])
  const preview = looked?.asked === asked ? looked.preview : null
  /** What is left is another number now: it is looked at, and typed, again. */
  const startOver = (): void => {
    setTyped('')
    look(asked)
    router.refresh()
  }
  const runParts = async (): Promise<Failure | null> => {
    let cursor: string | null = null
    let done: Progress = { looked: 0, counts: [], ended: false }
    do {
      const body: object = { ...(JSON.parse(asked) as object), reason: reason.trim() }
      const sent = await sendJson(
        'POST',
        url(''),
        cursor === null ? { ...body, count: preview?.matched } : { ...body, cursor },
      )
      if (!sent.ok) {
        startOver()
        return { message: `${sent.message} (${sent.code})`, issues: sent.issues }
      }
      const part = sent.body as ByRuleRun
      cursor = part.nextCursor
      done = {
        looked: done.looked + part.looked,
        counts: addCounts(done.counts, part.counts),
        ended: cursor === null,
      }
      setProgress(done)
    } while (cursor !== null && !isGone.current)
    router.refresh()
    return null
  }
  const run = (): Promise<Failure | null> =>
    runParts().catch((error: unknown) => {
      startOver()
      throw error
    })
  const isTyped = preview !== null && typed.replaceAll(/[,\s]/g, '') === String(preview.matched)
  const isWhole = preview !== null && !preview.capped && !preview.unread
  const ready = isWhole && isTyped && reason.trim() !== ''
  const { busy, failure, onSubmit } = useSubmit({
    ready: ready && progress?.ended !== true,
    run,
    unanswered: {
      message: 'The server did not answer. What was decided stands; what is left can be started again below.',
      issues: [],
    },
  })
  if (progress !== null && (busy || progress.ended))
    return <RunSoFar progress={progress} matched={preview?.matched ?? progress.looked} />
  const { does } = RULES.find(({ value }) => value === rule) ?? { does: '' }
  return (
    <form className="form" onSubmit={onSubmit}>
      <SelectField
        label="Rule"
        value={rule}
        choices={RULES.map(({ value, label }) => ({ value, label }))}
        hint={does}
        onChange={(event) => setRule(event.target.value as ByRule)}
      />
      {preview === null ? (
        <div className="acts">
          <DialogClose>
            <Button hint="Esc">Cancel</Button>
          </DialogClose>
          <Button tone="primary" aria-busy={sinceMs !== null} onClick={() => look(asked)}>
            {sinceMs === null ? 'See what it would do' : 'Looking…'}
          </Button>
        </div>
      ) : null}
      {notSeen === null || preview !== null ? null : (
        <div role="alert">
          <FormFailure failure={notSeen} whole="(all of it)" />
        </div>
      )}
      {preview === null ? null : <Foretold preview={preview} />}
      {preview === null || !isWhole || preview.matched === 0 ? null : (
        <>
          <ReasonField value={reason} onChange={(event) => setReason(event.target.value)} />
          <TextField
            label={`Type ${formatCount(preview.matched)} to go on`}
            value={typed}
            inputMode="numeric"
            required
            onChange={(event) => setTyped(event.target.value)}
          />
          <div role="alert">
            {failure === null ? null : <FormFailure failure={failure} whole="(all of it)" />}
          </div>
          <div className="acts">
            <DialogClose>
              <Button hint="Esc">Cancel</Button>
            </DialogClose>
            <Button type="submit" tone="primary" disabled={!ready || busy} aria-busy={busy}>
              {busy ? 'Deciding…' : `Decide ${formatCount(preview.matched)}`}
            </Button>
          </div>
        </>
      )}
    </form>
  )
}

function Foretold({ preview: { matched, capped, unread, counts } }: { preview: ByRulePreview }) {
  return (
    <div role="status">
      <p>
        {capped
          ? `More than ${formatCount(CONFLICTS_BY_RULE_MAX)} conflicts match: narrow the list first. Of the first:`
          : unread
            ? 'Few of so many conflicts match that not all were looked through: narrow the list first, by a time or a device. Of those that were:'
            : matched === 0
              ? 'No open conflict matches any longer.'
              : `${plural(matched, 'open conflict')} match${matched === 1 ? 'es' : ''}. If it ran now:`}
      </p>
      <Counts counts={counts} />
    </div>
  )
}

function RunSoFar({ progress, matched }: { progress: Progress; matched: number }) {
  const { looked, counts, ended } = progress
  return (
    <div className="form">
      <div role="status">
        <p>
          {ended
            ? `Done: ${formatCount(decidedOf(counts))} of ${plural(looked, 'conflict')} decided.`
            : `${formatCount(looked)} of ${formatCount(matched)} looked at…`}
        </p>
        {ended ? null : (
          <>
            <progress className="progress" value={looked} max={Math.max(matched, 1)} aria-label="Looked at" />
            <p className="sub">What is closed now stops after the part under way; the rest stays open.</p>
          </>
        )}
        <Counts counts={counts} />
      </div>
      <div className="acts">
        <DialogClose>
          <Button tone={ended ? 'primary' : 'plain'}>{ended ? 'Done' : 'Close'}</Button>
        </DialogClose>
      </div>
    </div>
  )
}

function Counts({ counts }: { counts: readonly ByRuleCount[] }) {
  return (
    <ul className="rule-counts">
      {counts.map((one) => {
        const { kind, words } = outcomeWords(one)
        return (
          <li key={`${one.outcome} ${one.why ?? ''}`}>
            <Status kind={kind}>{formatCount(one.count)}</Status> {words}
          </li>
        )
      })}
    </ul>
  )
}
