'use client'
import { useRouter } from 'next/navigation'
import { useId, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Status } from '#components/ui/status.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { useHydrated } from '#components/ui/use-hydrated.ts'
import { useSubmit } from '#components/ui/use-submit.ts'
import { FormFailure, type Failure } from '../../form-failure.tsx'
import { sendJson } from '../../send-json.ts'

export type SchemaEditorProps = {
  id: string
  fleetId: string
  /** Optimistic lock of the collection. */
  version: number
  schemaVersion: number
  schemaText: string
}

/** Publishes the next schema version. What was typed is kept when someone else publishes meanwhile. */
export function SchemaEditor({ id, fleetId, version, schemaVersion, schemaText }: SchemaEditorProps) {
  const router = useRouter()
  const errorId = useId()
  const hydrated = useHydrated()
  const [basis, setBasis] = useState({ version, schemaText })
  const [text, setText] = useState(schemaText)
  const touched = text !== basis.schemaText
  const overtaken = version !== basis.version
  if (overtaken && !touched) {
    setBasis({ version, schemaText })
    setText(schemaText)
  }

  const publish = async (): Promise<Failure | null> => {
    const schema = parse(text)
    if (!schema.ok) return { message: `This is not JSON: ${schema.message}`, issues: [] }
    const url = `/api/admin/v1/collections/${id}?fleet=${encodeURIComponent(fleetId)}`
    const sent = await sendJson('PATCH', url, { schema: schema.value, version: basis.version })
    if (!sent.ok) return { message: `${sent.message} (${sent.code})`, issues: sent.issues }
    // What stands in the box is what is published: nothing in it is unsaved any more.
    setBasis({ version: basis.version, schemaText: text })
    showToast({ kind: 'ok', text: `Schema v${schemaVersion + 1} is published` })
    router.refresh()
    return null
  }
  const { busy, failure, onSubmit } = useSubmit({
    ready: touched,
    run: publish,
    unanswered: {
      message: 'The server did not answer; reload to see whether it was published.',
      issues: [],
    },
  })

  return (
    <form className="form" onSubmit={onSubmit}>
      <label className="field">
        <span>Schema to publish as v{schemaVersion + 1}</span>
        <textarea
          className="editor"
          value={text}
          readOnly={!hydrated}
          spellCheck={false}
          aria-invalid={failure !== null}
          aria-describedby={errorId}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <div id={errorId} role="alert">
        {failure && <FormFailure failure={failure} whole="(the whole schema)" />}
        {overtaken && touched ? (
          <Status kind="warn">
            Someone else changed this collection meanwhile; copy your text and reload.
          </Status>
        ) : null}
      </div>
      <div className="acts">
        <Button type="submit" tone="primary" disabled={busy || !touched} aria-busy={busy}>
          {busy ? 'Publishing…' : `Publish v${schemaVersion + 1}`}
        </Button>
      </div>
    </form>
  )
}

function parse(text: string): { ok: true; value: unknown } | { ok: false; message: string } {
  try {
    return { ok: true, value: JSON.parse(text) as unknown }
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : 'not understood' }
  }
}
