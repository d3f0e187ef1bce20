import type { Metadata } from 'next'
import { ERROR_CODES } from '#lib/protocol/error-codes.ts'

export const metadata: Metadata = { title: 'Error codes · Tidemark' }

/** Where the `type` of every problem document leads: `/docs/errors#code` (RFC 9457). For programs' authors, so open. */
export default function ErrorCodesPage() {
  return (
    <main id="main" className="page">
      <h1>Error codes</h1>
      <p>The stable code of every error that the APIs answer, and what to do about it.</p>
      <dl>
        {Object.entries(ERROR_CODES).map(([code, { status, title, help }]) => (
          <div key={code} id={code}>
            <dt>
              <b className="mono">{code}</b> <span className="sub">{status}</span>
            </dt>
            <dd>
              {title}. {help}
            </dd>
          </div>
        ))}
      </dl>
    </main>
  )
}
