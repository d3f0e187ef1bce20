import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { Evidence } from '../../../app/(console)/breakers/[scope]/evidence.tsx'
import type { BreakerDetail } from '#lib/application/breakers/breaker-detail.ts'
import type { ShownBreaker } from '#lib/application/breakers/list-breakers.ts'
import { BREAKER_SETTINGS } from '#lib/engine/breaker/breaker.ts'

const FLEET = '01890000-0000-7000-8000-000000000002'
const shut: ShownBreaker = {
  process: 'one',
  scope: `app:${FLEET}:2.4.1`,
  state: 'forced_open',
  retryAfterMs: 0,
  window: [],
  trips: [],
  settings: BREAKER_SETTINGS,
  version: 1,
  overrides: [],
  overruledBy: null,
  processes: { live: 1, applied: 1, notClosed: 1 },
  minute: { calls: 0, failures: 0, shed: 3, isPart: false },
}
const detail = {
  ...shut,
  scope: `fleet:${FLEET}`,
  state: 'closed',
  changes: [],
  minute: { calls: 1, failures: 0, shed: 1, isPart: false },
} as unknown as BreakerDetail

test('the breaker that is shut too is a link within the fleet that is looked at', () => {
  const html = renderToStaticMarkup(
    <Evidence detail={detail} breakers={[shut]} query={`fleet=${FLEET}&range=1h`} nowMs={1_000_000} />,
  )
  expect(html).toContain('It did not trip by itself in the last day. 1 request was shed in the last 60 s')
  expect(html).toContain(`href="/breakers/app%3A${FLEET}%3A2.4.1?fleet=${FLEET}&amp;range=1h"`)
})
