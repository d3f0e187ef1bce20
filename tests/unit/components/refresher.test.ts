import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { REFRESH_LOST_MS, startRefresher, type Refresher } from '#components/shell/refresher.ts'

const EVERY_MS = 5_000
const refresh = vi.fn()
let refresher: Refresher

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  vi.stubGlobal('document', {
    hidden: false,
    querySelector: () => null,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  })
  refresh.mockClear()
  refresher = startRefresher(refresh, EVERY_MS)
})
afterEach(() => {
  refresher.stop()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const changeEverySecond = (seconds: number): void => {
  for (let n = 0; n < seconds; n++) {
    refresher.request()
    vi.advanceTimersByTime(1_000)
  }
}

test('a page that is slow to come is waited for: the next refresh would take its place', () => {
  changeEverySecond(30)
  expect(refresh).toHaveBeenCalledTimes(1)
  refresher.settled()
  changeEverySecond(6)
  expect(refresh).toHaveBeenCalledTimes(2)
})

test('one that never comes holds up the next for a bounded time', () => {
  changeEverySecond(REFRESH_LOST_MS / 1_000 + 10)
  expect(refresh).toHaveBeenCalledTimes(2)
})

test('pages that come at once follow at the named rate', () => {
  refresh.mockImplementation(() => refresher.settled())
  changeEverySecond(19)
  expect(refresh).toHaveBeenCalledTimes(4)
})
