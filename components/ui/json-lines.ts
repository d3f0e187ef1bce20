/** A JSON value as lines of text, each knowing the JSON pointer of what it begins. Pure. */
import type { Json } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'

/** `pointer` is null on a closing bracket, `''` on the root. */
export type JsonLine = { pointer: string | null; indent: number; key: string | null; text: string }

export const JSON_LINES_MAX = 400

/** Lines in reading order, at most `max`; `hidden` counts those left out. */
export function jsonLines(value: Json, max = JSON_LINES_MAX): { lines: JsonLine[]; hidden: number } {
  const lines: JsonLine[] = []
  let count = 0
  const add = (line: JsonLine): void => {
    count += 1
    if (lines.length < max) lines.push(line)
  }
  const walk = (node: Json, at: Omit<JsonLine, 'text'>, comma: string): void => {
    if (node === null || typeof node !== 'object') {
      add({ ...at, text: `${JSON.stringify(node)}${comma}` })
      return
    }
    const list = isList(node)
    const entries = Object.entries(node)
    const [open, close] = list ? ['[', ']'] : ['{', '}']
    if (entries.length === 0) {
      add({ ...at, text: `${open}${close}${comma}` })
      return
    }
    add({ ...at, text: open })
    entries.forEach(([name, item], index) => {
      const pointer = at.pointer + toPointer([name])
      const last = index === entries.length - 1
      walk(item, { pointer, indent: at.indent + 1, key: list ? null : name }, last ? '' : ',')
    })
    add({ pointer: null, indent: at.indent, key: null, text: `${close}${comma}` })
  }
  walk(value, { pointer: '', indent: 0, key: null }, '')
  return { lines, hidden: count - lines.length }
}

/** `Array.isArray` doesn't narrow a readonly array. */
function isList(node: Json): node is readonly Json[] {
  return Array.isArray(node)
}
