import { ApplicationError } from '#lib/application/errors.ts'
import type { Metrics } from '#lib/application/telemetry/prometheus.ts'
import { problemResponse } from './problem.ts'

/**
 * GET /metrics in Prometheus text format, of this process.
 * @param mayRead a bearer key with scope `metrics`, or TIDEMARK_METRICS_PUBLIC=1
 */
export const metricsHandler =
  (metrics: Pick<Metrics, 'render'>, mayRead: (request: Request) => Promise<boolean>) =>
  async (request: Request): Promise<Response> => {
    const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
    if (!(await mayRead(request))) return problemResponse(new ApplicationError('unauthorized'), null)
    const { contentType, body } = await metrics.render()
    return new Response(body, { headers: { ...headers, 'content-type': contentType } })
  }
