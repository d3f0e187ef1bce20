import { Icon } from '#components/ui/icon.tsx'
import { Link } from '#components/ui/link.tsx'
import { carryShared, withParams } from '#components/ui/search-params.ts'
import { GROUPING_WORDS } from './group-words.ts'
import { GROUPINGS, PILLARS, type PillarParams, type PillarPath } from './search-params.ts'

export const PILLAR_NAMES: Readonly<Record<PillarPath, string>> = {
  lag: 'Lag',
  conflicts: 'Conflicts',
  failures: 'Failures',
  queue: 'Queue',
}

/** The four pillars beside each other: the time and the part of the fleet go along. */
export function PillarTabs({ current, query }: { current: PillarPath; query: string }) {
  const kept = withParams('', query, { stage: null, a: null, b: null, cursor: null })
  return (
    <nav className="choices tabs" aria-label="Pillars">
      {PILLARS.map((pillar) => (
        <Link
          key={pillar}
          className="chip"
          href={`/pillars/${pillar}${kept}`}
          aria-current={pillar === current ? 'page' : undefined}
        >
          {PILLAR_NAMES[pillar]}
        </Link>
      ))}
    </nav>
  )
}

/** A choice that stands in the address: links, so that the keyboard and a pasted address do what a click does. */
export function Choices<T extends string>({
  label,
  name,
  choices,
  current,
  otherwise,
  path,
  query,
}: {
  label: string
  /** Of the parameter. */
  name: string
  choices: readonly { value: T; label: string }[]
  current: T
  /** What stands for itself without the parameter. */
  otherwise: T
  path: string
  query: string
}) {
  return (
    <span className="choices" role="group" aria-label={label}>
      {choices.map(({ value, label: word }) => (
        <Link
          key={value}
          className="chip"
          href={withParams(path, query, { [name]: value === otherwise ? null : value })}
          aria-current={value === current ? 'true' : undefined}
          scroll={false}
        >
          {word}
        </Link>
      ))}
    </span>
  )
}

export const groupingChoices = GROUPINGS.map((value) => ({ value, label: GROUPING_WORDS[value].label }))

/** The part of the fleet that the page tells of; each word takes itself away. */
export function PartChips({ params, path, query }: { params: PillarParams; path: string; query: string }) {
  const parts = [
    ['version', params.version],
    ['platform', params.platform],
    ['source', params.source],
    ['collection', params.collection],
  ] as const
  const set = parts.filter(([, value]) => value !== null)
  if (set.length === 0) return null
  return (
    <p className="sub part">
      Only{' '}
      {set.map(([name, value]) => (
        <Link key={name} className="chip" href={withParams(path, query, { [name]: null })}>
          <span className="sr">Only {name} </span>
          {value}
          <span className="sr"> Take it away</span>
          <Icon name="close" />
        </Link>
      ))}{' '}
      <Link className="link" href={carryShared(path, query)}>
        the whole fleet
      </Link>
    </p>
  )
}
