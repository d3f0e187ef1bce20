import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'

/** What an expression asks for. */
export interface Asked {
  readonly errors: readonly string[]
  /** Each selected series with the labels that its matchers name. */
  readonly selectors: readonly { readonly name: string; readonly labels: readonly string[] }[]
  /** Each `by (...)` or `without (...)` with the names that are selected inside it. */
  readonly groupings: readonly { readonly labels: readonly string[]; readonly names: readonly string[] }[]
}

/** Reads PromQL, as Grafana would send it. */
export function askedBy(text: string): Asked {
  const expression = text.replaceAll('$__rate_interval', '5m')
  const tree = parser.parse(expression)
  const textOf = (node: SyntaxNode): string => expression.slice(node.from, node.to)
  const all = (root: SyntaxNode, kind: string): SyntaxNode[] => {
    const found: SyntaxNode[] = []
    root.cursor().iterate((node) => {
      if (node.from >= root.from && node.to <= root.to && node.name === kind) found.push(node.node)
    })
    return found
  }
  const errors: string[] = []
  tree.iterate({
    enter: (node) => {
      if (node.type.isError) errors.push(`${expression} at ${node.from}`)
    },
  })
  const selectors = all(tree.topNode, 'VectorSelector').map((node) => {
    const [name] = all(node, 'Identifier').map(textOf)
    return { name: name ?? '', labels: all(node, 'LabelName').map(textOf) }
  })
  const groupings = all(tree.topNode, 'AggregateExpr').map((node) => ({
    labels: all(node, 'GroupingLabels')
      .slice(0, 1)
      .flatMap((labels) => all(labels, 'LabelName').map(textOf)),
    names: all(node, 'VectorSelector').map((each) => all(each, 'Identifier').map(textOf)[0] ?? ''),
  }))
  return { errors, selectors, groupings }
}
