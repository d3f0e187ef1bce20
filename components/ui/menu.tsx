'use client'
import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'
import { Icon } from '#components/ui/icon.tsx'
import { Link } from '#components/ui/link.tsx'

/** One entry: a link (`href`) or an act (`onSelect`); `checked` when it is one of a choice. */
export type MenuItem = {
  key: string
  label: ReactNode
  note?: string
  checked?: boolean
  tone?: 'danger'
} & ({ href: string } | { onSelect: () => void })

export type MenuGroup = { key: string; title?: string; items: readonly MenuItem[] }

/** A menu on any button. `trigger` must be one element that takes a ref, such as a button. */
export function Menu({
  trigger,
  label,
  groups,
  align = 'end',
}: {
  trigger: ReactNode
  label: string
  groups: readonly MenuGroup[]
  align?: 'start' | 'end'
}) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="pop menu"
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
        >
          {groups.map((group, index) => (
            <DropdownMenu.Group key={group.key}>
              {index === 0 ? null : <hr aria-hidden="true" />}
              {group.title === undefined ? null : (
                <DropdownMenu.Label className="ml">{group.title}</DropdownMenu.Label>
              )}
              {group.items.map((item) => (
                <Entry key={item.key} item={item} />
              ))}
            </DropdownMenu.Group>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

function Entry({ item }: { item: MenuItem }) {
  const inside = (
    <>
      {item.checked === undefined ? null : (
        <span className="tick">{item.checked ? <Icon name="check" /> : null}</span>
      )}
      {item.label}
      {item.note === undefined ? null : <span className="r">{item.note}</span>}
    </>
  )
  if ('href' in item) {
    return (
      <DropdownMenu.Item className="mi" asChild>
        <Link href={item.href} scroll={false} aria-current={item.checked === true ? 'true' : undefined}>
          {inside}
        </Link>
      </DropdownMenu.Item>
    )
  }
  if (item.checked !== undefined) {
    return (
      <DropdownMenu.CheckboxItem className="mi" checked={item.checked} onSelect={item.onSelect}>
        {inside}
      </DropdownMenu.CheckboxItem>
    )
  }
  return (
    <DropdownMenu.Item className="mi" data-tone={item.tone} onSelect={item.onSelect}>
      {inside}
    </DropdownMenu.Item>
  )
}
