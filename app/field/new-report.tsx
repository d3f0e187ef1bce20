import { useState } from 'react'
import type { Replica } from '#lib/client/replica.ts'
import { newRecordId } from '#components/status/device-acts.ts'
import { fileOnce } from './file-once.ts'
import { forgetNewDraft, keepNewDraft, keptNewDraft } from './kept.ts'
import { newDraft, reportOf, type Draft } from './report-draft.ts'
import { REPORTS } from './report-fields.ts'
import { ReportForm } from './report-form.tsx'

/** In the person's own zone: a strike at night is of that night. */
const today = (): string => {
  const now = new Date()
  const two = (part: number): string => String(part).padStart(2, '0')
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
}

/** A new report; what is typed stays until it is saved, across reloads too. */
export function NewReport({ replica, onSaved }: { replica: Replica; onSaved: (id: string) => void }) {
  const [kept, setKept] = useState(() => {
    const before = newDraft(today())
    return { id: newRecordId(), ...(keptNewDraft() ?? { before, draft: before }) }
  })
  const change = (draft: Draft): void => {
    setKept({ ...kept, draft })
    keepNewDraft({ ...kept, draft })
  }
  return (
    <>
      <h1>New report</h1>
      <ReportForm
        draft={kept.draft}
        isChanged
        submitLabel="File the report"
        onChange={change}
        save={async () => {
          const recordId = await fileOnce(replica.collection(REPORTS), kept.id, reportOf(kept.draft))
          forgetNewDraft(kept.id)
          onSaved(recordId)
        }}
      />
    </>
  )
}
