import { compose } from '#lib/composition.ts'
import { answerAdmin } from '#lib/http/admin/admin-route.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'

/** Every operator route; which there are, and for whom, is data in lib/http/admin/routes.ts. */
async function handle(request: Request): Promise<Response> {
  const { ctx, auth } = await compose()
  return answerAdmin(ctx, auth, ADMIN_ROUTES, request)
}

export { handle as DELETE, handle as GET, handle as PATCH, handle as POST, handle as PUT }
export const dynamic = 'force-dynamic'
