'use client'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { DialogClose, DialogFrame } from '#components/ui/dialog-frame.tsx'
import { ReasonField, SelectField, TextField } from '#components/ui/field.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { formatCount, plural } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { useSubmit } from '#components/ui/use-submit.ts'
import type { ByRule, ByRuleCount } from '#lib/application/conflicts/by-rule.ts'
import type { ByRulePreview } from '#lib/application/conflicts/preview-by-rule.ts'
import type { OperationView } from '#lib/application/operations/operation-view.ts'
import { CONFLICTS_BY_RULE_MAX, OPERATION_RATE } from '#lib/protocol/limits.ts'
import { FormFailure, type Failure } from '../form-failure.tsx'
import { sendJson } from '../send-json.ts'
import { RateField } from '../operations/rate-field.tsx'
import { usePreview } from '../use-preview.ts'
import { outcomeWords, RULES } from './rule-words.ts'

export type RuleDialogProps = {
  fleetId: string
  /** Of the address: the fleet and the range, which go along. */
  query: string
  /** Whose open conflicts are decided. */
  q: string
  /** When the page was made: what arose since is none of them. */
  beforeMs: number
}

/** Whether any of the list waits for a decision. */
type Offer = RuleDialogProps & { waiting: boolean }

/** One rule for all open conflicts of a list: looked at first, then an operation, which goes on when the tab is closed. */
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

function RuleForm({ fleetId, query, q, beforeMs }: RuleDialogProps) {
  const router = useRouter()
  const url = (verb: string): string =>
    `/api/admin/v1/conflicts/by-rule${verb}?fleet=${encodeURIComponent(fleetId)}`
  const [rule, setRule] = useState<ByRule>('theirs')
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const [rate, setRate] = useState<number>(OPERATION_RATE.default)
  const [{ sinceMs, failure: notSeen, looked }, look] = usePreview<ByRulePreview>(url('/preview'))
  // The page is made anew while somebody types here.
  const [before] = useState(beforeMs)
  const [id, setId] = useState(() => crypto.randomUUID())
  const asked = JSON.stringify({ rule, q, before })
  const preview = looked?.asked === asked ? looked.preview : null
  /** It is another number now, or was refused: it is looked at, and typed, again, and would be another operation. */
  const startOver = (): void => {
    setTyped('')
    setId(crypto.randomUUID())
    look(asked)
    router.refresh()
  }
  const run = async (): Promise<Failure | null> => {
    const body = {
      id,
      ...(JSON.parse(asked) as object),
      reason: reason.trim(),
      count: preview?.matched,
      rate,
    }
    const sent = await sendJson('POST', url(''), body)
    if (!sent.ok) {
      startOver()
      return { message: `${sent.message} (${sent.code})`, issues: sent.issues }
    }
    router.push(carryShared(`/operations/${(sent.body as OperationView).id}`, query))
    return null
  }
  const isTyped = preview !== null && typed.replaceAll(/[,\s]/g, '') === String(preview.matched)
  const isWhole = preview !== null && !preview.capped && !preview.unread
  const ready = isWhole && isTyped && reason.trim() !== ''
  const { busy, failure, onSubmit } = useSubmit({
    ready,
    run,
    unanswered: {
      message: 'The server did not answer. Send it again: what has begun is not begun twice.',
      issues: [],
    },
  })
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
          <RateField noun="conflict" count={preview.matched} rate={rate} onRate={setRate} />
          <p className="sub">
            It goes on when this page is closed; Operations shows how far it is, and stops it.
          </p>
          <div role="alert">
            {failure === null ? null : <FormFailure failure={failure} whole="(all of it)" />}
          </div>
          <div className="acts">
            <DialogClose>
              <Button hint="Esc">Cancel</Button>
            </DialogClose>
            <Button type="submit" tone="primary" disabled={!ready || busy} aria-busy={busy}>
              {busy ? 'Starting…' : `Decide ${formatCount(preview.matched)}`}
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
