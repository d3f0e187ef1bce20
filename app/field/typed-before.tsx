import { useState } from 'react'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Status } from '#components/ui/status.tsx'
import { keepDraft, keptDraft } from './kept.ts'
import { changesOf } from './report-draft.ts'
import { labelOf } from './report-fields.ts'

/** What was typed into a report that is gone since, and not saved: it can be copied until the person lets it go. */
export function TypedBefore({ id }: { id: string }) {
  const [kept, setKept] = useState(() => keptDraft(id))
  const typed = kept === null ? [] : Object.keys(changesOf(kept.before, kept.draft))
  if (kept === null || typed.length === 0) return null
  return (
    <section aria-label="Not saved">
      <p>
        <Status kind="warn">Not saved</Status> You had typed this into it. Copy what you still need.
      </p>
      <KeyValue
        align="start"
        items={typed.map((name) => ({ key: labelOf(name), value: kept.draft[name] || 'nothing' }))}
      />
      <div className="acts">
        <button
          type="button"
          className="btn"
          onClick={() => {
            keepDraft(id, null)
            setKept(null)
          }}
        >
          Forget what I typed
        </button>
      </div>
    </section>
  )
}
