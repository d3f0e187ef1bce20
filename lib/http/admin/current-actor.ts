import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { cache } from 'react'
import { principalOfCookies } from '#lib/application/access/principal.ts'
import type { Actor } from '#lib/application/context.ts'
import { compose } from '#lib/composition.ts'

/** The person that a page is made for, looked up once for each request; null when nobody is signed in. */
export const currentActor = cache(async (): Promise<Actor | null> => {
  const jar = await cookies()
  const { ctx, auth } = await compose()
  const values = Object.fromEntries(jar.getAll().map(({ name, value }) => [name, value]))
  const principal = await principalOfCookies(ctx, auth, values)
  return principal?.actor ?? null
})

/** The person, or a redirect to the sign-in page that leads back to `path`. Every page and layout calls it itself. */
export async function requireActor(path: string): Promise<Actor> {
  return (await currentActor()) ?? redirect(`/sign-in?callbackUrl=${encodeURIComponent(path)}`)
}
