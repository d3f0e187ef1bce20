'use client'
import { Button } from '#components/ui/button.tsx'
import { AreaField, SelectField, TextField } from '#components/ui/field.tsx'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import type { EditText } from './edit-text.ts'

const SAMPLE = '[{ "op": "replace", "path": "/speedIasKnots", "value": null }]'

/** How each letter is changed: by the same JSON Patch, or by the collection's up-migrations. */
export function EditFields({
  text,
  onText,
  problem,
  schemas,
  onPreview,
}: {
  text: EditText
  onText: (next: EditText) => void
  problem: string | null
  schemas: readonly { name: string; version: number }[]
  /** Null while it is not understood. */
  onPreview: (() => void) | null
}) {
  const isPatch = text.by === 'patch'
  return (
    <Section title="The same edit for each of them" note="identities stay: record, collection and device">
      <form
        className="form edit-fields"
        onSubmit={(event) => {
          event.preventDefault()
          onPreview?.()
        }}
      >
        <SelectField
          label="Edit by"
          value={text.by}
          choices={[
            { value: 'patch', label: 'a JSON Patch' },
            { value: 'up-migration', label: 'the collection’s up-migrations' },
          ]}
          onChange={(event) =>
            onText({ ...text, by: event.target.value === 'patch' ? 'patch' : 'up-migration' })
          }
        />
        {isPatch ? (
          <AreaField
            label="JSON Patch of the record"
            hint="Steps of RFC 6902: add, remove, replace, move, copy, test. A step that does not fit a letter leaves that letter as it is."
            rows={5}
            value={text.patch}
            placeholder={SAMPLE}
            onChange={(event) => onText({ ...text, patch: event.target.value })}
          />
        ) : (
          <TextField
            label="Up-migrate from schema version"
            hint={versionHint(schemas)}
            inputMode="numeric"
            value={text.from}
            onChange={(event) => onText({ ...text, from: event.target.value })}
          />
        )}
        {problem === null ? null : (
          <p role="status">
            <Status kind="warn">{problem}</Status>
          </p>
        )}
        <div className="acts">
          <Button type="submit" disabled={onPreview === null}>
            Preview
          </Button>
        </div>
      </form>
    </Section>
  )
}

/** Pure. */
const versionHint = (schemas: readonly { name: string; version: number }[]): string =>
  `The version that the app in truth wrote, whatever it said. Published now: ${schemas
    .map(({ name, version }) => `${name} v${version}`)
    .join(', ')}.`
