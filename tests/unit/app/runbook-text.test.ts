import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readRunbook } from '../../../app/(console)/alerts/runbooks/read-runbook.ts'
import { parseRunbook, type Inline } from '../../../app/(console)/alerts/runbooks/runbook-text.ts'

const NAMES = readdirSync(path.resolve(import.meta.dirname, '../../../docs/runbooks')).map((file) =>
  file.replace(/\.md$/, ''),
)

test('[alerts] a runbook is headings, paragraphs and flat lists, with code and links in a line', () => {
  expect(
    parseRunbook(
      '# Title\n\n`name`\n\nSome `code`, *more* and\n[a link](b.md).\n\n1. one\n2. two\n\n- [x](../y.md)',
    ),
  ).toEqual([
    { kind: 'heading', level: 1, text: 'Title' },
    { kind: 'paragraph', parts: [{ kind: 'code', text: 'name' }] },
    {
      kind: 'paragraph',
      parts: [
        { kind: 'text', text: 'Some ' },
        { kind: 'code', text: 'code' },
        { kind: 'text', text: ', ' },
        { kind: 'emphasis', text: 'more' },
        { kind: 'text', text: ' and ' },
        { kind: 'link', text: 'a link', to: 'b.md' },
        { kind: 'text', text: '.' },
      ],
    },
    {
      kind: 'list',
      ordered: true,
      items: [[{ kind: 'text', text: 'one' }], [{ kind: 'text', text: 'two' }]],
    },
    { kind: 'list', ordered: false, items: [[{ kind: 'link', text: 'x', to: '../y.md' }]] },
  ])
})

test.each(NAMES)(
  '[alerts] nothing of the runbook %s is left as markup, and its links lead somewhere',
  async (name) => {
    const blocks = parseRunbook((await readRunbook(name)) ?? '')
    const [title, code, about] = blocks
    expect([title?.kind, code, about?.kind]).toEqual([
      'heading',
      { kind: 'paragraph', parts: [{ kind: 'code', text: name }] },
      'paragraph',
    ])
    const parts: readonly Inline[] = blocks.flatMap((block) =>
      block.kind === 'heading'
        ? [{ kind: 'text' as const, text: block.text }]
        : block.kind === 'list'
          ? block.items.flat()
          : block.parts,
    )
    for (const part of parts) {
      if (part.kind === 'text') expect(part.text).not.toMatch(/[`*_#|]|\]\(|^\s*(-|\d+\.) /)
      if (part.kind === 'link')
        expect(['../alerts.md', ...NAMES.map((one) => `${one}.md`)]).toContain(part.to)
    }
  },
)

test('[alerts] only names of runbooks become a path', async () => {
  for (const name of ['../alerts', 'README', 'own-rule.md', '', '__proto__', '../../package'])
    expect(await readRunbook(name)).toBe(null)
})
