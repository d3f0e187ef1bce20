'use client'
import { Dialog as Radix } from 'radix-ui'
import { usePathname, useRouter, useSearchParams } from 'next/navigation'
import { useState, type FormEvent } from 'react'
import { Button } from '#components/ui/button.tsx'
import { withParams } from '#components/ui/search-params.ts'

const MINUTE_MS = 60_000

/** Asks for the two ends of the time shown, in the viewer's zone. Esc keeps what is shown. */
export function TimesDialog({
  span,
  onClosed,
}: {
  span: { fromMs: number; toMs: number }
  onClosed: () => void
}) {
  const router = useRouter()
  const path = usePathname()
  const query = useSearchParams().toString()
  const [from, setFrom] = useState(fieldOf(span.fromMs))
  const [to, setTo] = useState(fieldOf(span.toMs))
  const [fromMs, toMs] = [new Date(from).getTime(), new Date(to).getTime()]
  const problem =
    Number.isNaN(fromMs) || Number.isNaN(toMs)
      ? 'Both need a day and a time.'
      : fromMs >= toMs
        ? 'The start must be before the end.'
        : null
  const show = (event: FormEvent): void => {
    event.preventDefault()
    if (problem !== null) return
    const ends = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
    onClosed()
    router.push(withParams(path, query, { ...ends, range: null, cursor: null }), { scroll: false })
  }
  return (
    <Radix.Root open onOpenChange={(open) => (open ? undefined : onClosed())}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content className="pop dialog" aria-modal="true">
          <Radix.Title asChild>
            <h2>Which time?</h2>
          </Radix.Title>
          <Radix.Description className="sub">In your own time zone.</Radix.Description>
          <form className="form" onSubmit={show}>
            <label className="field">
              <span>From</span>
              <input
                className="input"
                type="datetime-local"
                value={from}
                onChange={(event) => setFrom(event.target.value)}
                required
              />
            </label>
            <label className="field">
              <span>To</span>
              <input
                className="input"
                type="datetime-local"
                value={to}
                onChange={(event) => setTo(event.target.value)}
                aria-invalid={problem !== null}
                required
              />
              {problem === null ? null : <span className="err">{problem}</span>}
            </label>
            <div className="acts">
              <Radix.Close asChild>
                <Button>Keep what is shown</Button>
              </Radix.Close>
              <Button tone="primary" type="submit" disabled={problem !== null}>
                Show
              </Button>
            </div>
          </form>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** What a `datetime-local` field holds: the viewer's own clock, to the minute. */
function fieldOf(ms: number): string {
  const floored = Math.floor(ms / MINUTE_MS) * MINUTE_MS
  const local = new Date(floored - new Date(floored).getTimezoneOffset() * MINUTE_MS)
  return local.toISOString().slice(0, 16)
}
