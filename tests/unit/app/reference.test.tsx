import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import ReferencePage from '#app/docs/page.tsx'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import { DEVICE_OPERATIONS } from '#lib/http/openapi.ts'

test('every operation of both APIs has its place on the page, with what it takes and answers', () => {
  const markup = renderToStaticMarkup(<ReferencePage />)
  for (const { method, path } of DEVICE_OPERATIONS)
    expect(markup).toContain(`${method.toUpperCase()} /api/v1${path}</b>`)
  for (const { method, pattern } of ADMIN_ROUTES)
    expect(markup).toContain(`${method} /api/admin/v1${pattern.replaceAll(/:(\w+)/g, '{$1}')}</b>`)
  const ids = [...markup.matchAll(/<details id="([^"]+)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(DEVICE_OPERATIONS.length + ADMIN_ROUTES.length)
  const push = markup.slice(markup.indexOf('id="post-api-v1-push"')).split('</details>')[0] ?? ''
  expect(push).toContain('Tidemark-App')
  expect(push).toContain('&quot;mutations&quot;')
  expect(push).not.toContain('Problem')
  expect(markup).toContain('stale_version')
})
