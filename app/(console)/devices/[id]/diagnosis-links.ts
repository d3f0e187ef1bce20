import { carryShared } from '#components/ui/search-params.ts'
import type { DiagnosisTarget } from '#lib/application/devices/diagnose-device.ts'
import { breakerHref } from '../../breakers/breaker-links.ts'
import { listHref } from '../../overview/overview-links.ts'

/** The address of what a line of evidence or a next step names. Pure. */
export function diagnosisHref(target: DiagnosisTarget, query: string): string {
  switch (target.page) {
    case 'overview':
      return carryShared('/overview', query)
    case 'breaker':
      return breakerHref(query, target.scope)
    case 'session':
      return carryShared(`/sessions/${target.id}`, query)
    case 'sessions':
      return listHref('/sessions', query, { device: target.deviceId, result: target.result })
    case 'dead-letter':
      return carryShared(`/dead-letters/${target.id}`, query)
    case 'collection':
      return carryShared(`/collections/${target.id}`, query)
    case 'devices':
      return listHref('/devices', query, { version: target.appVersion })
  }
}
