const HEADERS = {
  'cache-control': 'no-store',
  'content-type': 'application/json',
  'x-content-type-options': 'nosniff',
}

/** The process answers; the database is not asked. */
export const livez = (): Response => new Response('{"status":"ok"}', { headers: HEADERS })

/** Ready for traffic: the database answers, and the server is not on its way down. */
export async function readyz(ping: () => Promise<void>, isDraining: () => boolean): Promise<Response> {
  const status = isDraining()
    ? 'draining'
    : await ping().then(
        () => 'ok',
        () => 'database_unavailable',
      )
  return new Response(JSON.stringify({ status }), { status: status === 'ok' ? 200 : 503, headers: HEADERS })
}
