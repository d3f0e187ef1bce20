import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, test } from 'vitest'
import { keptPage } from '#app/(console)/kept-page.tsx'
import { LoadError } from '#app/load-error.tsx'
import { ApplicationError } from '#lib/application/errors.ts'
import { ERROR_CODES } from '#lib/protocol/error-codes.ts'

const LOG = 'look for this in the server&#x27;s log'
const shown = (digest: string): string =>
  renderToStaticMarkup(<LoadError error={Object.assign(new Error(), { digest })} retry={() => undefined} />)

describe('a page that did not load', () => {
  test('says what helps where that is known, and where to look where it is not', () => {
    expect(shown('forbidden')).toContain(ERROR_CODES.forbidden.help)
    expect(shown('forbidden')).not.toContain(LOG)
    expect(shown('internal')).toContain(LOG)
    expect(shown('8f3a')).toContain(LOG)
    expect(shown('database_unavailable')).toContain('loads by itself')
  })

  test('is "not found" where something went while it was read, and keeps no old page then', async () => {
    const failing = (error: Error) => keptPage(() => Promise.reject(error))({})
    await expect(failing(new ApplicationError('not_found'))).rejects.toMatchObject({
      digest: 'NEXT_HTTP_ERROR_FALLBACK;404',
    })
    const gone = Object.assign(new Error('gone'), { code: 'fleet_gone' })
    await expect(failing(gone)).rejects.toMatchObject({ digest: 'NEXT_HTTP_ERROR_FALLBACK;404' })
    await expect(failing(new ApplicationError('forbidden'))).resolves.toBeDefined()
    await expect(failing(new TypeError('ours'))).rejects.toThrow('ours')
  })
})
