import { plural } from '#components/ui/format.ts'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Section } from '#components/ui/section.tsx'
import type { BoardedCollection } from '#lib/application/collections/collection-board.ts'
import { RulesEditor } from './rules-editor.tsx'

/** The business rules, and who is asked behind them. @param own null for who may not change them */
export function CollectionRules({
  collection: { rules, authority },
  own,
}: {
  collection: BoardedCollection['collection']
  own: { id: string; fleetId: string; version: number } | null
}) {
  return (
    <Section
      title={plural(rules.length, 'business rule')}
      note={authority === null ? 'no authority is asked' : `then ${authority.url} is asked`}
    >
      <KeyValue
        align="start"
        items={rules.map(({ id, cel, message }) => ({
          key: id,
          value: (
            <>
              <span className="mono">{cel}</span> <span className="sub">{message}</span>
            </>
          ),
        }))}
      />
      {own === null ? null : <RulesEditor {...own} rules={rules} />}
    </Section>
  )
}
