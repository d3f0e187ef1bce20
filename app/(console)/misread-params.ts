/** How a page reads one of its parameters, and what that can be where it isn't just anything. */
interface Reader {
  parse(text: string): unknown
  readonly choices?: readonly string[]
}

const SHOWN_MAX = 40

/**
 * What of an address its page does not understand, each with what it could be: it is left out, and whoever wrote it is
 * told. Pure.
 */
export function misreadParams(query: string, readers: Readonly<Record<string, Reader>>): readonly string[] {
  return [...new URLSearchParams(query)].flatMap(([name, value]) => {
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined
    if (reader?.parse(value) != null) return []
    const shown = `${name.slice(0, SHOWN_MAX)}=${value.slice(0, SHOWN_MAX)}`
    if (reader === undefined) return [`${shown} (this page has ${Object.keys(readers).join(', ')})`]
    return [
      `${shown} (${reader.choices ? `it can be ${reader.choices.join(', ')}` : 'it is no page of this list'})`,
    ]
  })
}
