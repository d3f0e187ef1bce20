import { sharedText } from '#lib/kernel/shared-text.ts'
import type { MutationResult } from '#lib/protocol/push.ts'

const texts = new WeakMap<MutationResult, string>()

/**
 * What `JSON.stringify` gives for a result. One with a record is put together from the record's own text, which other
 * results may share, and is kept: the log and the answer both hold it.
 */
export function resultText(result: MutationResult): string {
  if (!('record' in result) || !result.record) return JSON.stringify(result)
  const known = texts.get(result)
  if (known !== undefined) return known
  const text = textAround(result, result.record)
  texts.set(result, text)
  return text
}

function textAround(result: MutationResult, record: object): string {
  let text = ''
  for (const key of Object.keys(result)) {
    const value = (result as Readonly<Record<string, unknown>>)[key]
    if (value === undefined) continue
    const part = value === record ? sharedText(record) : JSON.stringify(value)
    text += text === '' ? `{"${key}":${part}` : `,"${key}":${part}`
  }
  return `${text}}`
}
