import { listReviews } from '#lib/application/reviews/list-reviews.ts'
import { recordReview } from '#lib/application/reviews/record-review.ts'
import { showReview } from '#lib/application/reviews/show-review.ts'
import { showScar } from '#lib/application/reviews/show-scar.ts'
import { parsedOrThrow } from '#lib/application/errors.ts'
import type { ScarReport } from '#lib/telemetry/review/scar.ts'
import { scarMarkdown } from '#lib/telemetry/review/scar-markdown.ts'
import { scarQuery } from './review-contract.ts'
import { idOf, input, make, read } from './route-rows.ts'
import type { AdminRoute, FleetCall } from './table.ts'

/** Rows of the route table about the design review of a collection, and its report. */
export const REVIEW_ROUTES: readonly AdminRoute[] = [
  read('/collections/:id/review', 'viewer', async (call) => {
    const board = await showReview(call.ctx, { ...input(call), id: idOf(call) })
    const { review, measured, recommendation, settings, differences } = board
    return { review, measured, recommendation, settings, differences }
  }),
  read('/collections/:id/reviews', 'viewer', (call) =>
    listReviews(call.ctx, { ...input(call), id: idOf(call), query: call.query }),
  ),
  make('/collections/:id/reviews', 'admin', (call) =>
    recordReview(call.ctx, { ...input(call), id: idOf(call) }),
  ),
  read('/collections/:id/scar', 'viewer', async (call) => {
    const { format } = parsedOrThrow(scarQuery, call.query)
    const report = await showScar(call.ctx, { ...input(call), id: idOf(call) })
    return format === 'md' || (format === undefined && asksMarkdown(call)) ? markdownOf(report) : report
  }),
]

const asksMarkdown = ({ request }: FleetCall): boolean =>
  /(?:^|,)\s*text\/markdown\b/i.test(request.headers.get('accept') ?? '')

/** A collection's name is letters, digits and dashes, so that it is fit for a file's. */
const markdownOf = (report: ScarReport): Response =>
  new Response(scarMarkdown(report), {
    headers: {
      'content-type': 'text/markdown; charset=utf-8',
      'content-disposition': `attachment; filename="scar-${report.collection}.md"`,
      'cache-control': 'no-store',
      vary: 'accept',
      'x-content-type-options': 'nosniff',
    },
  })
