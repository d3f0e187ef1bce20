import { expect, it } from 'vitest'
import { LISTENERS_PER_DEVICE_MAX, LISTENERS_PER_FLEET_MAX, Pokes } from '#lib/application/sync/pokes.ts'

/** Opens so many streams of a device; `open` are those that no later one has ended, `refused` counts those that weren't let in. */
function opened(pokes: Pokes, deviceId: string, count: number) {
  const open: number[] = []
  let refused = 0
  for (let n = 0; n < count; n++) {
    const end = (): void => {
      open.splice(open.indexOf(n), 1)
      unlisten?.()
    }
    const unlisten = pokes.listen('fleet', deviceId, () => undefined, end)
    if (unlisten) open.push(n)
    else refused += 1
  }
  return { open, refused }
}

it('[EV1] a device that opens one stream after another has its newest, and leaves the places of its fleet to others', () => {
  const pokes = new Pokes()
  const many = LISTENERS_PER_FLEET_MAX + 50
  const newest = Array.from(
    { length: LISTENERS_PER_DEVICE_MAX },
    (_, i) => many - LISTENERS_PER_DEVICE_MAX + i,
  )
  expect(opened(pokes, 'one', many)).toEqual({ open: newest, refused: 0 })
  expect(opened(pokes, 'two', 1)).toEqual({ open: [0], refused: 0 })
  expect(pokes.devices('fleet')).toEqual(['one', 'two'])
})

it('[EV1] where others hold all places of a fleet, a device that has its share still may change one for another', () => {
  const pokes = new Pokes()
  const own = opened(pokes, 'own', LISTENERS_PER_DEVICE_MAX)
  for (let n = LISTENERS_PER_DEVICE_MAX; n < LISTENERS_PER_FLEET_MAX; n++) opened(pokes, `other ${n}`, 1)
  expect(opened(pokes, 'late', 1)).toEqual({ open: [], refused: 1 })
  expect(opened(pokes, 'own', 1)).toEqual({ open: [0], refused: 0 })
  expect(own.open).toEqual([1, 2, 3])
})
