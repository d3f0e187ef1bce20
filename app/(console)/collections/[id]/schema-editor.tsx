'use client'
import { useState } from 'react'
import { AreaField } from '#components/ui/field.tsx'
import { useHydrated } from '#components/ui/use-hydrated.ts'
import { useBasis } from '../../use-basis.ts'
import { parsedJson } from '../parsed-json.ts'
import { migrationOf, type Step } from './migration-steps.ts'
import { PublishForm, type Built } from './publish-form.tsx'
import { UpMigrationEditor } from './up-migration-editor.tsx'

export type SchemaEditorProps = {
  id: string
  fleetId: string
  /** Optimistic lock of the collection. */
  version: number
  schemaVersion: number
  schemaText: string
  /** Those that are published. */
  upMigrations: readonly { from: number; to: number }[]
}

/** Publishes the next schema version, with the way that older documents take to it. */
export function SchemaEditor(props: SchemaEditorProps) {
  const { id, fleetId, version, schemaVersion, schemaText, upMigrations } = props
  const hydrated = useHydrated()
  const { basis, isOvertaken, touched, touch, saved } = useBasis(version)
  const [typed, setTyped] = useState<string | null>(null)
  const [steps, setSteps] = useState<readonly Step[]>([])
  const text = typed ?? schemaText
  const isNew = touched && text !== schemaText

  const build = (): Built => {
    const schema = parsedJson(text)
    if (!schema.ok) return schema
    const migration = migrationOf(steps, schemaVersion)
    if (!migration.ok) return migration
    const own = migration.value
    return {
      ok: true,
      value: { schema: schema.value, ...(own === null ? {} : { upMigrations: [...upMigrations, own] }) },
    }
  }
  return (
    <PublishForm
      id={id}
      fleetId={fleetId}
      basis={basis}
      touched={isNew}
      isOvertaken={isOvertaken}
      build={build}
      label={`Publish v${schemaVersion + 1}`}
      done={`Schema v${schemaVersion + 1} is published`}
      primary
      onDone={(next) => {
        setTyped(null)
        setSteps([])
        saved(next)
      }}
    >
      <AreaField
        label={`Schema to publish as v${schemaVersion + 1}`}
        className="editor"
        value={text}
        readOnly={!hydrated}
        onChange={(event) => {
          touch()
          setTyped(event.target.value)
        }}
      />
      <UpMigrationEditor
        from={schemaVersion}
        steps={steps}
        onChange={(next) => {
          touch()
          setSteps(next)
        }}
      />
    </PublishForm>
  )
}
