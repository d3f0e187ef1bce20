import { expect, test } from 'vitest'
import { loadOnUse, TRIED_AGAIN_AFTER_MS } from '#components/charts/load-on-use.ts'

const settled = (): Promise<void> => new Promise((done) => setImmediate(done))

function world() {
  const page = new EventTarget()
  const clock = { ms: 1_000 }
  const asked: (() => Promise<string>)[] = []
  let asks = 0
  let told = 0
  const store = loadOnUse(
    () => {
      asks += 1
      return (asked.shift() ?? (() => Promise.resolve('library')))()
    },
    () => page,
    () => clock.ms,
  )
  return {
    store,
    clock,
    answers: asked,
    asks: () => asks,
    told: () => told,
    hear: () => store.subscribe(() => (told += 1)),
    use: async (sign: string) => {
      page.dispatchEvent(new Event(sign))
      await settled()
    },
  }
}

test.each(['pointermove', 'pointerdown', 'keydown', 'focusin'])('a %s loads it, once', async (sign) => {
  const { store, asks, told, hear, use } = world()
  hear()
  hear()
  expect(store.get()).toBeNull()
  await use(sign)
  await use(sign)
  expect([store.get(), asks(), told()]).toEqual(['library', 1, 2])
})

test('what could not be loaded breaks nothing, and is asked for again by a later use, not by each move', async () => {
  const { store, clock, answers, asks, told, hear, use } = world()
  answers.push(() => Promise.reject(new Error('the server is away')))
  hear()
  await use('pointermove')
  await use('pointermove')
  clock.ms += TRIED_AGAIN_AFTER_MS - 1
  await use('keydown')
  expect([store.get(), asks(), told()]).toEqual([null, 1, 0])
  clock.ms += 1
  await use('pointermove')
  expect([store.get(), asks(), told()]).toEqual(['library', 2, 1])
})

test('a page without such a part hears nothing', async () => {
  const { asks, hear, use } = world()
  hear()()
  await use('pointermove')
  expect(asks()).toBe(0)
})
