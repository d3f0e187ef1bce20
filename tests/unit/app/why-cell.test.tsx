import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { WhyCell } from '#app/(console)/operations/why-cell.tsx'

const said = (code: string | null, path: string | null, detail: string | null): string =>
  renderToStaticMarkup(<WhyCell code={code} path={path} detail={detail} />)
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()

test('[DL13] says why a letter would stay dead with the field’s name first, as its page does', () => {
  const detail = 'Instance type "string" is invalid. Expected "integer", "null".'
  expect(said('schema_mismatch', '/damage/costs/0', detail)).toBe(
    'schema_mismatch damage.costs.0 is text, not a whole number or null',
  )
  expect(said('schema_mismatch', '', 'Instance does not have required property "title".')).toBe(
    'schema_mismatch (the whole record) “title” is missing',
  )
  // What is said of a broken rule names it already, and what names no place is as it was.
  expect(said('rule_violation', 'calm', 'rule calm: no storm')).toBe('rule_violation rule calm: no storm')
  expect(said('parent_dead', null, 'the letter that it was made after is still dead')).toBe(
    'parent_dead the letter that it was made after is still dead',
  )
  expect(said(null, null, null)).toBe('')
})
