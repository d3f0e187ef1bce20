import { Button } from '#components/ui/button.tsx'
import { param, type Query } from '../search-params.ts'
import { SubmitOnLoad } from './submit-on-load.tsx'

const FORM = 'one-time-link'

/**
 * Where a one-time link leads. Fetching this page uses nothing up, so a preview doesn't spend the link: the form
 * is sent by script on load, or by the button without one.
 */
export default async function LinkPage({ searchParams }: { searchParams: Query }) {
  return (
    <>
      <h1>Signing you in</h1>
      <form id={FORM} className="form" method="post" action="/api/auth/callback/link">
        <input type="hidden" name="token" value={(await param(searchParams, 'token')) ?? ''} />
        <Button type="submit" tone="primary">
          Sign in
        </Button>
      </form>
      <SubmitOnLoad form={FORM} />
    </>
  )
}
