import { PartTabs } from '../../part-tabs.tsx'

/** The way between a collection's rules, its design review and its report. */
export function CollectionTabs({
  id,
  name,
  part,
  query,
}: {
  id: string
  name: string
  part: 'rules' | 'review' | 'scar'
  query: string
}) {
  const base = `/collections/${id}`
  const parts = [
    { href: base, label: 'Rules' },
    { href: `${base}/review`, label: 'Design review' },
    { href: `${base}/scar`, label: 'SCAR report' },
  ]
  return (
    <PartTabs
      label={`Parts of ${name}`}
      parts={parts}
      current={part === 'rules' ? base : `${base}/${part}`}
      query={query}
    />
  )
}
