const UNSTORABLE = /[\\\0]|\p{Cs}/gu

/**
 * PostgreSQL's text takes no NUL and no lone surrogate, and both may stand in what a device sends. They are
 * written as JSON would escape them, and a backslash too, so that no two texts become one.
 */
export function storableText(text: string): string {
  return text.replace(UNSTORABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export function originalText(stored: string): string {
  if (!stored.includes('\\')) return stored
  return stored.replace(/\\u([0-9a-f]{4})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}
