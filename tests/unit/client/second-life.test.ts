import { expect, test } from 'vitest'
import { boardWorld } from '#tests/support/board-world.ts'

const DAY_MS = 86_400_000

test.each([
  ['crdt', { strategy: 'crdt' }],
  ['ot', { strategy: 'ot' }],
  ['ot in a field', { strategy: 'lww', fieldStrategies: { '/t': 'ot' } }],
])(
  '[CS9] %s: what another made and removed after this device removed it comes back with nothing that is put there',
  async (_, rules) => {
    const { open, pass, syncInTurn } = await boardWorld(rules)
    const [one, other] = [await open(), await open()]
    const [mine, theirs] = [one.collection('board'), other.collection('board')]
    const syncAll = () => syncInTurn(one, other, one, other)
    await one.sync()
    const { recordId } = await mine.put(null, { t: 'hello' })
    await syncAll()
    await mine.text(recordId, 't').insert(5, '!')
    await syncAll()
    await mine.remove(recordId)
    for (const replica of [one, other]) await replica.sync()
    await theirs.put(recordId, { t: 'bob' })
    await other.sync()
    await theirs.remove(recordId)
    await other.sync()
    pass(5 * DAY_MS)
    await syncAll()
    await mine.put(recordId, { t: 'new' })
    await syncAll()
    for (const notes of [mine, theirs]) expect((await notes.get(recordId))?.data).toEqual({ t: 'new' })
    for (const replica of [one, other]) await replica.close()
  },
)
