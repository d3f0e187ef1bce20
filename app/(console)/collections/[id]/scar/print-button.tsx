'use client'
import { Button } from '#components/ui/button.tsx'

/** The browser's own print, which makes a PDF too. */
export const PrintButton = () => (
  <Button tone="primary" onClick={() => window.print()}>
    Print
  </Button>
)
