/** The parts of Alerts, each an address of its own. */
export const ALERTS_PARTS = [
  { href: '/alerts', label: 'Incidents' },
  { href: '/alerts/rules', label: 'Rules' },
  { href: '/alerts/silences', label: 'Silences' },
  { href: '/alerts/channels', label: 'Channels' },
] as const

export type AlertsPart = (typeof ALERTS_PARTS)[number]['href']
