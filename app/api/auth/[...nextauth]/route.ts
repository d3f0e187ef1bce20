import { compose } from '#lib/composition.ts'
import { answerAuth } from '#lib/http/admin/auth-route.ts'

async function handle(request: Request): Promise<Response> {
  const { ctx, auth } = await compose()
  return answerAuth(ctx, auth, request)
}

export { handle as GET, handle as POST }
export const dynamic = 'force-dynamic'
