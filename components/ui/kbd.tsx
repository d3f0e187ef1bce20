/** A key shown where it acts. Hidden from readers and on touch: the act has its own name. */
export function Kbd({ children }: { children: string }) {
  return <kbd aria-hidden="true">{children}</kbd>
}
