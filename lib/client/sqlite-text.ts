const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A text that was read as bytes, since libsql ends the process on one that isn't UTF-8. Undefined for such a one. */
export function decoded(stored: unknown): string | undefined {
  if (!(stored instanceof ArrayBuffer) && !ArrayBuffer.isView(stored)) return undefined
  try {
    return utf8.decode(stored)
  } catch {
    // The caller tells: what was read is damaged.
    return undefined
  }
}
