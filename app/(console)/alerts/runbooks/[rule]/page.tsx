import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { LinkButton } from '#components/ui/button.tsx'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Verdict } from '#components/ui/verdict.tsx'
import { ConsolePage } from '../../../console-page.tsx'
import { keptPage } from '../../../kept-page.tsx'
import { listHref } from '../../../overview/overview-links.ts'
import type { PageProps } from '../../../search-params.ts'
import { visit } from '../../../viewer.ts'
import { runbookHref } from '../../incident-links.ts'
import { readRunbook } from '../read-runbook.ts'
import { parseRunbook, type Block, type Inline } from '../runbook-text.ts'

export const metadata: Metadata = { title: 'Runbook · Tidemark' }

type Props = PageProps & { params: Promise<{ rule: string }> }

/** What to look at when a rule fires, and what to do: docs/runbooks, within reach at 3 a.m. */
async function RunbookPage({ params, searchParams }: Props) {
  const { rule } = await params
  const at = await visit(`/alerts/runbooks/${encodeURIComponent(rule)}`, searchParams)
  const text = await readRunbook(rule)
  if (text === null) notFound()
  const blocks = parseRunbook(text)
  const title = blocks.find((block) => block.kind === 'heading')?.text ?? rule
  // Title, name and what it means stand above; the rest is below them.
  const [, , about, ...rest] = blocks
  return (
    <ConsolePage
      at={at}
      crumbs={[{ label: 'Alerts', href: carryShared('/alerts', at.query) }, { label: 'Runbook' }]}
    >
      <Verdict
        sentence={title}
        evidence={about?.kind === 'paragraph' ? <Parts parts={about.parts} query={at.query} /> : undefined}
        actions={
          <LinkButton href={listHref('/alerts', at.query, { state: 'open', rule })}>
            Its open incidents
          </LinkButton>
        }
      />
      <div className="runbook">
        {rest.map((block, index) => (
          <Part key={index} block={block} query={at.query} />
        ))}
      </div>
    </ConsolePage>
  )
}

function Part({ block, query }: { block: Block; query: string }) {
  switch (block.kind) {
    case 'heading':
      return <h2>{block.text}</h2>
    case 'paragraph':
      return (
        <p>
          <Parts parts={block.parts} query={query} />
        </p>
      )
    case 'list': {
      const items = block.items.map((parts, index) => (
        <li key={index}>
          <Parts parts={parts} query={query} />
        </li>
      ))
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>
    }
  }
}

function Parts({ parts, query }: { parts: readonly Inline[]; query: string }) {
  return parts.map((part, index) => {
    if (part.kind === 'text') return part.text
    if (part.kind === 'emphasis') return <em key={index}>{part.text}</em>
    if (part.kind === 'code')
      return (
        <span key={index} className="mono">
          {part.text}
        </span>
      )
    // The other pages of the documentation are beside the source; what stands for them here is Alerts itself.
    return (
      <Link
        key={index}
        className="link"
        href={part.to.startsWith('..') ? carryShared('/alerts', query) : runbookHref(query, part.to)}
      >
        {part.text}
      </Link>
    )
  })
}

export default keptPage(RunbookPage)
