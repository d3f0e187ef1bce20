import { Fragment, type ReactNode } from 'react'

/** Names and values. `align="start"` keeps the values beside their names, for longer text. */
export function KeyValue({
  items,
  align = 'end',
}: {
  items: readonly { key: string; value: ReactNode }[]
  align?: 'start' | 'end'
}) {
  return (
    <dl className={align === 'start' ? 'kv start' : 'kv'}>
      {items.map(({ key, value }) => (
        <Fragment key={key}>
          <dt>{key}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  )
}
