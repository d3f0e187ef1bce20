import { compose } from '#lib/composition.ts'

/** Answers a request through the router of this process; the server asks the same one ahead of Next. */
export async function mounted(request: Request): Promise<Response> {
  const { router } = await compose()
  return (await router.handle(request)) ?? new Response(null, { status: 404 })
}
