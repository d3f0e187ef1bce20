import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** One keystroke, or a paste: at `at`, first so many characters go, then these come. Both count units of UTF-16. */
export interface Edit {
  readonly at: number
  readonly deleted: number
  readonly inserted: string
}

const FILE = new URL('./data/automerge-paper.txt.gz', import.meta.url)

/** The history of a paper, keystroke by keystroke (data/README.md). */
export function loadTrace(): readonly Edit[] {
  let end = 0
  return gunzipSync(readFileSync(FILE))
    .toString('utf8')
    .split('\n')
    .map((line) => {
      const [distance, deleted, inserted] = JSON.parse(`[${line}]`) as [number, number, string]
      const at = end + distance
      end = at + inserted.length
      return { at, deleted, inserted }
    })
}

/** What the keystrokes make, without any library. */
export function textOf(edits: readonly Edit[]): string {
  const characters: string[] = []
  for (const { at, deleted, inserted } of edits) characters.splice(at, deleted, ...inserted.split(''))
  return characters.join('')
}

export function inBatches<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  )
}
