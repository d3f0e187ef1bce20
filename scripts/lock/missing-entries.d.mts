/** A platform package that package-lock.json asks for and lacks. */
export interface MissingEntry {
  at: string
  version: string
  os: string
  cpu: string | null
  dev: boolean
}

export function missingEntries(lock: { packages: Record<string, unknown> }): MissingEntry[]
