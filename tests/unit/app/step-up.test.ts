import { afterEach, expect, test, vi } from 'vitest'
import { Cancelled } from '#components/ui/use-submit.ts'
import { sendJson } from '../../../app/(console)/send-json.ts'
import { asksToSignInAgain } from '../../../app/(console)/sign-in-again.ts'

afterEach(() => vi.unstubAllGlobals())

const AGAIN = { code: 'sign_in_again', title: 'This takes a sign-in of the last 30 minutes' }
const answer = (status: number, body: object) => new Response(JSON.stringify(body), { status })

/** A server that takes the act from the try of this number on. */
function server(from: number) {
  const sent: string[] = []
  vi.stubGlobal('fetch', async (_: string, init: { body: string }) => {
    sent.push(init.body)
    return sent.length < from ? answer(403, AGAIN) : answer(201, { id: 1 })
  })
  return sent
}

test('[check 18] an act that takes a recent sign-in waits for it and is sent once more, as it was', async () => {
  const sent = server(2)
  const stop = asksToSignInAgain(() => Promise.resolve(true))
  expect(await sendJson('POST', '/x', { name: 'ci' })).toEqual({ ok: true, body: { id: 1 } })
  expect(sent).toEqual(['{"name":"ci"}', '{"name":"ci"}'])
  stop()
})

test('[check 18] it is refused when nobody shows who they are, asked or not, and once only', async () => {
  const sent = server(99)
  expect(await sendJson('POST', '/x', {})).toMatchObject({ ok: false, code: 'sign_in_again' })
  expect(sent).toHaveLength(1)
  const stopNo = asksToSignInAgain(() => Promise.resolve(false))
  expect(await sendJson('POST', '/x', {})).toMatchObject({ ok: false })
  expect(sent).toHaveLength(2)
  stopNo()
  const stopYes = asksToSignInAgain(() => Promise.resolve(true))
  expect(await sendJson('POST', '/x', {})).toMatchObject({ ok: false })
  expect(sent).toHaveLength(4)
  stopYes()
})

test('what is refused for another reason asks nobody', async () => {
  vi.stubGlobal('fetch', async () => answer(403, { code: 'forbidden', title: 'No' }))
  const asked = vi.fn(() => Promise.resolve(true))
  const stop = asksToSignInAgain(asked)
  expect(await sendJson('POST', '/x', {})).toMatchObject({ ok: false, code: 'forbidden' })
  expect(asked).not.toHaveBeenCalled()
  stop()
})

test('[check 18] letting it be is no refusal: the act ends, unsent, with nothing to put right', async () => {
  const sent = server(2)
  const stop = asksToSignInAgain(() => Promise.reject(new Cancelled()))
  await expect(sendJson('POST', '/x', {})).rejects.toBeInstanceOf(Cancelled)
  expect(sent).toHaveLength(1)
  stop()
})

test('[check 18] too many tries say how long to wait', async () => {
  const body = { code: 'rate_limited', title: 'Too many requests' }
  for (const [seconds, words] of [
    ['61', '2 minutes'],
    ['60', 'a minute'],
  ] as const) {
    const headers = { 'retry-after': seconds }
    vi.stubGlobal('fetch', async () => new Response(JSON.stringify(body), { status: 429, headers }))
    const message = `Too many requests. Wait ${words}, then try again`
    expect(await sendJson('POST', '/x', {})).toMatchObject({ ok: false, message })
  }
})
