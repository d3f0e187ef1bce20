import { badRequest } from '#lib/application/errors.ts'
import { remembering } from '#lib/application/remembering.ts'
import type { Platform } from '#lib/protocol/device.ts'
import { HEADERS, platformNamed } from '#lib/protocol/device.ts'
import type { AskedHeaders } from './asked.ts'

/** The app that a request names. */
export interface NamedApp {
  readonly appVersion: string
  readonly platform: Platform
}

const NAMED = /^([\x20-\x3a\x3c-\x7e]{1,40}); ?([\x20-\x3a\x3c-\x7e]{1,40})$/

/** Texts whose reading is kept: a fleet has a few versions on a few platforms. */
const APPS_KEPT_MAX = 1_000
const appIn = remembering((text: string): NamedApp | null => {
  const match = NAMED.exec(text)
  return match && { appVersion: match[1] as string, platform: platformNamed(match[2] as string) }
}, APPS_KEPT_MAX)

/** `Tidemark-App: <appVersion>;<platform>`; null without one. */
export function namedApp(headers: AskedHeaders): NamedApp | null {
  const text = headers.get(HEADERS.app)
  if (text === null) return null
  const app = appIn(text)
  if (!app) throw badRequest([{ path: '', message: 'Tidemark-App must be <appVersion>;<platform>' }])
  return app
}
