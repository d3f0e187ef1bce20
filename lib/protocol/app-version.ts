/** Whether a version is below another: numbers between dots count as numbers, and fewer parts as zeros. */
export function isBelow(version: string, minimum: string): boolean {
  const [own, least] = [version, minimum].map((text) =>
    (/^\d+(\.\d+)*/.exec(text)?.[0] ?? '0').split('.').map(Number),
  )
  for (let i = 0; i < Math.max(own?.length ?? 0, least?.length ?? 0); i++) {
    const difference = (own?.[i] ?? 0) - (least?.[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
