import type { ASTNode } from '@marcbachmann/cel-js'

/** Walk a list. */
export const WALKS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter'])

export const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value

/** The function or method that a node calls. */
export const calledName = (node: ASTNode): string | null =>
  node.op === 'call' || node.op === 'rcall' ? node.args[0] : null

export function childrenOf(node: ASTNode): readonly ASTNode[] {
  const found: ASTNode[] = []
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) collect(item)
    else if (isNode(value)) found.push(value)
  }
  collect(node.args)
  return found
}

/** The node and all below it. */
export const nodesOf = (node: ASTNode): readonly ASTNode[] => [node, ...childrenOf(node).flatMap(nodesOf)]
