/** What the global set-up made: a server of this checkout, with a small fleet that syncs with it. */
export interface World {
  readonly url: string
  readonly fleetId: string
  readonly enrollmentKey: string
  /** Works once; the first test uses it up. */
  readonly signInLink: string
  readonly admin: Account
  /** Who is at the browser of the sign-in provider; no account of theirs is here as yet. */
  readonly directoryEmail: string
  readonly database: { readonly url: string; readonly secret: string }
}
export interface Account {
  readonly email: string
  readonly password: string
}

const VARIABLE = 'TIDEMARK_E2E_WORLD'

/** Hands it to the workers, which inherit the environment. */
export function publishWorld(world: World): void {
  process.env[VARIABLE] = JSON.stringify(world)
}

export function readWorld(): World {
  const text = process.env[VARIABLE]
  if (text === undefined) throw new Error('tests/e2e/global-setup.ts has not run')
  return JSON.parse(text) as World
}
