import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import ErrorCodesPage from '#app/docs/errors/page.tsx'
import { ERROR_CODES } from '#lib/protocol/error-codes.ts'

test('the type of every error leads to its place on a page', () => {
  const markup = renderToStaticMarkup(<ErrorCodesPage />)
  for (const code of Object.keys(ERROR_CODES)) expect(markup).toContain(`id="${code}"`)
})
