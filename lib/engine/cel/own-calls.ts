import type { Environment as CelEnvironment } from '@marcbachmann/cel-js'
import { Environment } from '@marcbachmann/cel-js'
import { containsText } from './contains-text.ts'

/**
 * Calls that take too long in the library, by the names that ours are registered under: one of the library's can't be
 * registered anew. Both names stand in front of nothing else in a message.
 */
export const OWN_CALLS: Readonly<Record<string, string>> = {
  contains: 'contains_text',
  duration: 'duration_of',
}

/** Longer than what any duration needs; the library's pattern takes the cube of the length. */
const DURATION_CHARS_MAX = 64
const parsedDuration = new Environment().registerVariable('text', 'string').parse('duration(text)')

export function registerOwnCalls(environment: CelEnvironment): void {
  environment.registerFunction(`string.${OWN_CALLS.contains}(string): bool`, containsText)
  environment.registerFunction(`${OWN_CALLS.duration}(string): google.protobuf.Duration`, (text: string) => {
    if (text.length > DURATION_CHARS_MAX)
      throw new Error(`duration() takes a text of at most ${DURATION_CHARS_MAX} characters`)
    return parsedDuration({ text }) as unknown
  })
}

/** Our names in a message as an expression has them. */
export const asWritten = (message: string): string =>
  Object.entries(OWN_CALLS).reduce((text, [name, own]) => text.replaceAll(own, name), message)
