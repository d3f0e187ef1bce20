import type { ComponentProps, ReactNode } from 'react'
import { Icon, type IconName } from '#components/ui/icon.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import { Link } from '#components/ui/link.tsx'

/** One primary button a view: the page's next step. */
export type ButtonTone = 'plain' | 'primary' | 'quiet' | 'danger' | 'quiet danger'

type Looks = { tone?: ButtonTone; hint?: string; icon?: IconName; children: ReactNode }

function className(tone: ButtonTone): string {
  return tone === 'plain' ? 'btn' : `btn ${tone}`
}

/** `hint` is the key that does the same; it needs a handler of its own. */
export function Button({ tone = 'plain', hint, icon, children, ...rest }: Looks & ComponentProps<'button'>) {
  return (
    <button type="button" {...rest} className={className(tone)}>
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
      {hint === undefined ? null : <Kbd>{hint}</Kbd>}
    </button>
  )
}

export function LinkButton({ href, tone = 'plain', hint, icon, children }: Looks & { href: string }) {
  return (
    <Link className={className(tone)} href={href}>
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
      {hint === undefined ? null : <Kbd>{hint}</Kbd>}
    </Link>
  )
}
