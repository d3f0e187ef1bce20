import { NextResponse, type NextRequest } from 'next/server'
import { securityHeaders } from '#lib/http/admin/security-headers.ts'

/**
 * Security headers with a fresh nonce for each answer. Next reads the nonce from the request's policy and puts it
 * on its own scripts. Never an authorization boundary: routes and pages check for themselves.
 */
export function proxy(request: NextRequest): NextResponse {
  const nonce = Buffer.from(crypto.randomUUID()).toString('base64')
  const security = securityHeaders({ nonce, development: process.env.NODE_ENV === 'development' })
  const headers = new Headers(request.headers)
  headers.set('x-nonce', nonce)
  // A layout isn't told its address, and the sign-in has to lead back to it.
  headers.set('x-tidemark-path', `${request.nextUrl.pathname}${request.nextUrl.search}`)
  headers.set('content-security-policy', security['content-security-policy'] ?? '')
  // Browsers ask for it at times whatever the page names. A redirect of next.config.js would have none of these headers.
  const response =
    request.nextUrl.pathname === '/favicon.ico'
      ? NextResponse.redirect(new URL('/icon.svg', request.nextUrl))
      : NextResponse.next({ request: { headers } })
  for (const [name, value] of Object.entries(security)) response.headers.set(name, value)
  return response
}

export const config = {
  // The device API sets its own headers (lib/http), static files get theirs from next.config.js.
  matcher: '/((?!_next/static|_next/image|api/v1/).*)',
}
