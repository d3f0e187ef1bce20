import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { RoleFields } from '../../../app/(console)/settings/people/role-fields.tsx'

it('the role dialog begins with the role that the person has, says what they have in each fleet, and asks why', () => {
  const scopes = [
    { value: 'a', label: 'Airfield' },
    { value: 'b', label: 'Bakery' },
  ]
  const html = renderToStaticMarkup(<RoleFields roles={{ b: 'operator' }} scopes={scopes} />)
  expect(html).toContain('<option value="b" selected="">Bakery: operator now</option>')
  expect(html).toContain('Airfield: no role now')
  expect(html).toMatch(/<option value="operator" selected="">/)
  expect(html).toMatch(/<input[^>]*required="" name="reason"/)
  const none = renderToStaticMarkup(<RoleFields roles={{}} scopes={scopes} />)
  expect(none).toMatch(/<option value="viewer" selected="">/)
  expect(none).not.toContain('takes the role away')
})
