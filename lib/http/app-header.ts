import { badRequest } from '#lib/application/errors.ts'
import type { Platform } from '#lib/protocol/device.ts'
import { HEADERS, platformNamed } from '#lib/protocol/device.ts'

/** The app that a request names. */
export interface NamedApp {
  readonly appVersion: string
  readonly platform: Platform
}

const NAMED = /^([\x20-\x3a\x3c-\x7e]{1,40}); ?([\x20-\x3a\x3c-\x7e]{1,40})$/

/** `Tidemark-App: <appVersion>;<platform>`; null without one. */
export function namedApp(headers: Headers): NamedApp | null {
  const text = headers.get(HEADERS.app)
  if (text === null) return null
  const match = NAMED.exec(text)
  if (!match) throw badRequest([{ path: '', message: 'Tidemark-App must be <appVersion>;<platform>' }])
  return { appVersion: match[1] as string, platform: platformNamed(match[2] as string) }
}
