/** The edit of a bulk action as it is typed. */
export interface EditText {
  readonly by: 'patch' | 'up-migration'
  /** A JSON Patch (RFC 6902), as text. */
  readonly patch: string
  /** The schema version from which the up-migrations are applied, as text. */
  readonly from: string
}

export type EditBody = { readonly patch: readonly unknown[] } | { readonly upMigrateFrom: number }

type Read = { readonly ok: true; readonly value: EditBody } | { readonly ok: false; readonly error: string }

const ok = (value: EditBody): Read => ({ ok: true, value })
const err = (error: string): Read => ({ ok: false, error })

/** What is typed as the API takes it, or what is wrong with it in a sentence; the steps themselves the server judges. Pure. */
export function readEdit({ by, patch, from }: EditText): Read {
  if (by === 'up-migration') {
    const version = Number(from)
    return Number.isInteger(version) && version >= 1
      ? ok({ upMigrateFrom: version })
      : err('The version is a whole number from 1.')
  }
  let steps: unknown
  try {
    steps = JSON.parse(patch)
  } catch {
    // Half typed: the parser's message would change with every letter.
    return err('This is not JSON yet.')
  }
  if (!Array.isArray(steps) || steps.length === 0)
    return err('A JSON Patch is a list of steps, at least one.')
  return ok({ patch: steps })
}
