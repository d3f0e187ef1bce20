import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { hasRunbook } from '#lib/application/alerts/notice-of.ts'

/**
 * The text of a rule's runbook; null for a name that none has. Only names that we ship become a path. The files stand beside
 * the server: both are of one checkout, from which it is started.
 */
export async function readRunbook(name: string): Promise<string | null> {
  if (!hasRunbook(name)) return null
  return readFile(path.join(process.cwd(), 'docs', 'runbooks', `${name}.md`), 'utf8')
}
