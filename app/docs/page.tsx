import type { Metadata } from 'next'
import { Section } from '#components/ui/section.tsx'
import { adminOpenApiDocument } from '#lib/http/admin/openapi-admin.ts'
import { openApiDocument } from '#lib/http/openapi.ts'
import { referenceOf, type ReferenceOperation } from '#lib/http/reference.ts'
import './docs.css'

export const metadata: Metadata = { title: 'API reference · Tidemark' }

const APIS = [
  { name: 'Device API', contract: '/api/openapi.json', operations: referenceOf(openApiDocument()) },
  {
    name: 'Operator API',
    contract: '/api/admin/openapi.json',
    operations: referenceOf(adminOpenApiDocument()),
  },
]

/** The contracts as a person reads them. For programs' authors, so open; it holds nothing of any fleet. */
export default function ReferencePage() {
  return (
    <main id="main" className="page reference">
      <h1>API reference</h1>
      <p>
        Every operation that this server answers, from its contracts.{' '}
        <a className="link" href="/docs/errors">
          Error codes
        </a>{' '}
        say what to do about each of them.{' '}
        <a className="link" href="/overview">
          Back to the console
        </a>
      </p>
      {APIS.map(({ name, contract, operations }) => (
        <Section
          key={contract}
          title={name}
          note={
            <a className="link" href={contract}>
              OpenAPI 3.1
            </a>
          }
        >
          {operations.map((operation) => (
            <OperationEntry key={operation.id} operation={operation} />
          ))}
        </Section>
      ))}
    </main>
  )
}

function OperationEntry({ operation }: { operation: ReferenceOperation }) {
  const { id, method, path, summary, description, parameters, body, answers } = operation
  return (
    <details id={id}>
      <summary>
        <b className="mono">
          {method} {path}
        </b>{' '}
        <span className="sub">{summary}</span>
      </summary>
      {description === null ? null : <p className="sub">{description}</p>}
      {parameters.length === 0 ? null : (
        <p>
          Takes{' '}
          {parameters.map(({ name, at, required }, index) => (
            <span key={`${at} ${name}`}>
              {index === 0 ? '' : ', '}
              <span className="mono">{name}</span> ({at}
              {required ? '' : ', may be left out'})
            </span>
          ))}
        </p>
      )}
      {body === null ? null : <Schema title="Body" text={body} />}
      {answers.map(({ status, description: says, schema }) =>
        schema === null ? (
          <p key={status}>
            <span className="mono">{status}</span> {says}
          </p>
        ) : (
          <Schema key={status} title={`${status} ${says}`} text={schema} />
        ),
      )}
    </details>
  )
}

function Schema({ title, text }: { title: string; text: string }) {
  return (
    <>
      <p>{title}</p>
      <pre className="mono">{text}</pre>
    </>
  )
}
