import NextLink from 'next/link'
import type { ComponentProps } from 'react'

/**
 * A link within the console. Nothing is fetched ahead: each refresh of a live page drops what was, so that every link in
 * view was asked for again every five seconds.
 */
export function Link(props: ComponentProps<typeof NextLink>) {
  return <NextLink {...props} prefetch={false} />
}
