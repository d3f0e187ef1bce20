'use client'
import { useRouter } from 'next/navigation'
import { useId, useState, type FormEvent } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Status } from '#components/ui/status.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { useHydrated } from '#components/ui/use-hydrated.ts'
import { sendJson, type Issue } from '../../send-json.ts'

export type SchemaEditorProps = {
  id: string
  fleetId: string
  /** Optimistic lock of the collection. */
  version: number
  schemaVersion: number
  schemaText: string
}

type Failure = { message: string; issues: readonly Issue[] }

/** Publishes the next schema version. What was typed is kept when someone else publishes meanwhile. */
export function SchemaEditor({ id, fleetId, version, schemaVersion, schemaText }: SchemaEditorProps) {
  const router = useRouter()
  const errorId = useId()
  const hydrated = useHydrated()
  const [basis, setBasis] = useState({ version, schemaText })
  const [text, setText] = useState(schemaText)
  const [failure, setFailure] = useState<Failure | null>(null)
  const [busy, setBusy] = useState(false)
  const touched = text !== basis.schemaText
  const overtaken = version !== basis.version
  if (overtaken && !touched) {
    setBasis({ version, schemaText })
    setText(schemaText)
  }

  const publish = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const schema = parse(text)
    if (!schema.ok) return setFailure({ message: `This is not JSON: ${schema.message}`, issues: [] })
    setBusy(true)
    setFailure(null)
    try {
      const url = `/api/admin/v1/collections/${id}?fleet=${encodeURIComponent(fleetId)}`
      const sent = await sendJson('PATCH', url, { schema: schema.value, version: basis.version })
      if (!sent.ok) return setFailure({ message: `${sent.message} (${sent.code})`, issues: sent.issues })
      // What stands in the box is what is published: nothing in it is unsaved any more.
      setBasis({ version: basis.version, schemaText: text })
      showToast({ kind: 'ok', text: `Schema v${schemaVersion + 1} is published` })
      router.refresh()
    } catch {
      setFailure({
        message: 'The server did not answer; reload to see whether it was published.',
        issues: [],
      })
    } finally {
      setBusy(false)
    }
  }

  return (
    <form className="form" onSubmit={(event) => void publish(event)}>
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
        {failure === null ? null : (
          <>
            <Status kind="crit">{failure.message}</Status>
            <ul className="issues">
              {failure.issues.map(({ path, message }) => (
                <li key={`${path} ${message}`}>
                  <span className="mono">{path === '' ? '(the whole schema)' : path}</span> {message}
                </li>
              ))}
            </ul>
          </>
        )}
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
