/**
 * What follows from a text alone, kept for the texts that come again with every request. When it is full all is dropped:
 * an order of use would cost more than what is kept. Null and what throws is not kept.
 */
export function remembering<T extends object>(
  of: (text: string) => T | null,
  max: number,
): (text: string) => T | null {
  const kept = new Map<string, T>()
  return (text) => {
    const known = kept.get(text)
    if (known) return known
    const value = of(text)
    if (value === null) return null
    if (kept.size >= max) kept.clear()
    kept.set(text, value)
    return value
  }
}
