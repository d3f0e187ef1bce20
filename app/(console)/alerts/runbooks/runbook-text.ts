/** What a runbook's lines may hold beside plain words. */
export type Inline =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'emphasis'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly to: string }

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2; readonly text: string }
  | { readonly kind: 'paragraph'; readonly parts: readonly Inline[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }

const ITEM = /^(?:(\d+)\.|-) (.*)$/
const INLINE = /`([^`]+)`|\*([^*]+)\*|\[([^\]]+)\]\(([^)\s]+)\)/g

/**
 * The blocks of a runbook: headings of two levels, paragraphs, flat lists, code and links within a line. That is all that
 * ours are made of, and a test reads each; what else stands there is shown as it is. Pure.
 */
export function parseRunbook(text: string): readonly Block[] {
  const blocks: Block[] = []
  for (const chunk of text.split(/\n\s*\n/)) {
    const lines = chunk.split('\n').filter((line) => line.trim() !== '')
    const [first] = lines
    if (first === undefined) continue
    const heading = /^(#{1,2}) (.+)$/.exec(first)
    if (heading !== null) {
      blocks.push({ kind: 'heading', level: heading[1] === '#' ? 1 : 2, text: heading[2] ?? '' })
      continue
    }
    const items = lines.map((line) => ITEM.exec(line))
    if (items.every((item) => item !== null))
      blocks.push({
        kind: 'list',
        ordered: items[0]?.[1] !== undefined,
        items: items.map((item) => inlineOf(item[2] ?? '')),
      })
    else blocks.push({ kind: 'paragraph', parts: inlineOf(lines.join(' ')) })
  }
  return blocks
}

function inlineOf(text: string): readonly Inline[] {
  const parts: Inline[] = []
  let fromIndex = 0
  for (const found of text.matchAll(INLINE)) {
    if (found.index > fromIndex) parts.push({ kind: 'text', text: text.slice(fromIndex, found.index) })
    const [whole, code, emphasis, label = '', to = ''] = found
    if (code !== undefined) parts.push({ kind: 'code', text: code })
    else if (emphasis !== undefined) parts.push({ kind: 'emphasis', text: emphasis })
    else parts.push({ kind: 'link', text: label, to })
    fromIndex = found.index + whole.length
  }
  if (fromIndex < text.length) parts.push({ kind: 'text', text: text.slice(fromIndex) })
  return parts
}
