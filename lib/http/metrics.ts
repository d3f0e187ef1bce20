import type { Metrics } from '#lib/application/telemetry/prometheus.ts'

/**
 * GET /metrics in Prometheus text format, of this process.
 * @param mayRead a bearer key with scope `metrics`, or TIDEMARK_METRICS_PUBLIC=1 (protocol.md)
 */
export const metricsHandler =
  (metrics: Pick<Metrics, 'render'>, mayRead: (request: Request) => Promise<boolean>) =>
  async (request: Request): Promise<Response> => {
    const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
    if (!(await mayRead(request))) {
      const problem = {
        type: '/docs/errors#unauthorized',
        title: 'No valid credential',
        status: 401,
        code: 'unauthorized',
      }
      return Response.json(problem, {
        status: 401,
        headers: { ...headers, 'content-type': 'application/problem+json', 'www-authenticate': 'Bearer' },
      })
    }
    const { contentType, body } = await metrics.render()
    return new Response(body, { headers: { ...headers, 'content-type': contentType } })
  }
