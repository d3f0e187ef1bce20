import { useCallback, useState } from 'react'
import { ConflictView } from '#components/status/conflict-view.tsx'
import { Status } from '#components/ui/status.tsx'
import { PendingMark } from '#components/status/pending-mark.tsx'
import { useConflicts, useRecord } from '#components/status/use-replica.ts'
import type { RecordView } from '#lib/client/collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import { AnimalsFound } from './animals-found.tsx'
import { keepDraft, keptDraft } from './kept.ts'
import { followed } from './pending-writes.ts'
import { changesOf, draftOf, overtakenFields, type Draft } from './report-draft.ts'
import { labelOf, MERGING_FIELDS, REPORTS } from './report-fields.ts'
import { ReportForm } from './report-form.tsx'
import { reportTitle, undecidedTitle } from './report-title.ts'
import { SharedRemarks } from './shared-remarks.tsx'
import { TagEditor } from './tag-editor.tsx'
import { TypedBefore } from './typed-before.tsx'

/** One report: what it says, what several people add at once, and what is to be decided about it. */
export function ReportPage({ replica, id }: { replica: Replica; id: string }) {
  const read = useCallback(() => replica.collection(REPORTS).get(id), [replica, id])
  const record = useRecord(replica, read)
  const conflict = useConflicts(replica).find(({ recordId }) => recordId === id)
  if (record === undefined) return <p role="status">Reading…</p>
  if (record === null && conflict === undefined)
    return (
      <>
        <h1>This report is not on this device</h1>
        <p>Somebody may have removed it, or it has not come yet.</p>
        <TypedBefore id={id} />
        <a className="link" href="#/">
          All reports
        </a>
      </>
    )
  if (record === null)
    return (
      <>
        <h1>{undecidedTitle(conflict?.record?.data ?? null)}</h1>
        {conflict === undefined ? null : (
          <ConflictView
            key={conflict.conflictId}
            conflict={conflict}
            record={null}
            collection={followed(replica.collection(REPORTS))}
          />
        )}
        <TypedBefore id={id} />
      </>
    )
  const collection = replica.collection(REPORTS)
  return (
    <>
      <div className="field-title">
        <h1>{reportTitle(record.data)}</h1>
        <PendingMark record={record} />
      </div>
      {conflict === undefined ? null : (
        <ConflictView
          key={conflict.conflictId}
          conflict={conflict}
          record={record}
          collection={followed(collection)}
          label={labelOf}
          merging={MERGING_FIELDS}
        />
      )}
      <section className="together" aria-label="Added to by everybody">
        <TagEditor tags={collection.set(id, 'tags')} values={record.data['tags']} />
        <AnimalsFound counter={collection.counter(id, 'animalsFound')} value={record.data['animalsFound']} />
        <SharedRemarks
          key={id}
          text={collection.text(id, 'sharedRemarks')}
          value={record.data['sharedRemarks']}
        />
      </section>
      <EditReport replica={replica} record={record} />
    </>
  )
}

/** The form over a record: shows others' changes as they come, until the person types. */
function EditReport({ replica, record }: { replica: Replica; record: RecordView }) {
  const { id } = record
  const [kept, setKept] = useState(() => keptDraft(id))
  const [said, setSaid] = useState<string | null>(null)
  const current = draftOf(record.data)
  const before = kept?.before ?? current
  const draft = kept?.draft ?? current
  const change = (next: Draft): void => {
    setSaid(null)
    setKept({ before, draft: next })
    keepDraft(id, { before, draft: next })
  }
  const overtaken = overtakenFields(before, draft, current)
  const forget = (): void => {
    keepDraft(id, null)
    setKept(null)
  }
  return (
    <>
      <ReportForm
        draft={draft}
        isChanged={kept !== null}
        submitLabel="Save"
        onChange={change}
        onDiscard={forget}
        save={async () => {
          const set = changesOf(before, draft)
          if (Object.keys(set).length > 0) await replica.collection(REPORTS).patch(id, { set })
          forget()
          setSaid('Saved on this device.')
        }}
      />
      <div role="status">
        {overtaken.length === 0 ? null : (
          <p>
            <Status kind="warn">Changed meanwhile</Status>{' '}
            {overtaken.map(({ name, label }) => `${label} is “${current[name] ?? ''}” by now`).join(', ')}.
            Save to write yours over it, or undo what you typed.
          </p>
        )}
        {said === null ? null : <p className="sub">{said}</p>}
      </div>
    </>
  )
}
