import { durationText, pluralText, roundText } from '../format.ts'
import type { ScarInput, ScarSection } from './scar.ts'

const CONFIGURED = 'as configured'
const BUILT = 'as built'

/** C: the four layers, and how things are named (DR10). Pure. */
export function core({ collection, recommendation, limits }: ScarInput): ScarSection {
  const mode = recommendation.mode
  return {
    letter: 'C',
    title: 'Core architecture',
    lead: `Four layers: the device keeps its own store, and ${collection.name} is decided by one pure engine on both sides.`,
    parts: [
      {
        title: 'Layers',
        rows: [
          { name: 'Presentation', value: 'sync status, conflict view and conflict desk', basis: BUILT },
          {
            name: 'Application',
            value: `schema version ${collection.schemaVersion}, ${pluralText(collection.rules, 'business rule')}, ${pluralText(collection.upMigrations, 'up-migration')}, ${collection.hasAuthority ? 'an authority is asked' : 'no authority is asked'}`,
            basis: CONFIGURED,
          },
          {
            name: 'Sync engine',
            value:
              'pure decisions, the same in device and server; batches, queue, conflict detection by version vectors',
            basis: BUILT,
          },
          {
            name: 'Storage',
            value: 'IndexedDB or SQLite on the device, PostgreSQL behind the server',
            basis: BUILT,
          },
        ],
      },
      {
        title: 'Identity and time',
        rows: [
          { name: 'Ids', value: 'UUIDv7, made by whoever makes the thing, also while offline', basis: BUILT },
          {
            name: 'Versions',
            value: 'one version vector a record, hybrid logical clocks corrected by the measured offset',
            basis: BUILT,
          },
          {
            name: 'Masked fields',
            value: collection.masked === 0 ? 'none' : pluralText(collection.masked, 'field'),
            basis: CONFIGURED,
          },
        ],
      },
      {
        title: 'Sync',
        rows: [
          {
            name: 'Sync mode',
            value: mode.value ?? 'not known',
            basis: mode.reasons.map(({ says }) => says).join('; '),
          },
          {
            name: 'Sync token',
            value: `good for ${durationText(limits.tokensGoodMs)}; a full sync is the recovery behind it`,
            basis: BUILT,
          },
          { name: 'Sync interval', value: roundText(limits.intervalMs), basis: CONFIGURED },
        ],
      },
    ],
  }
}
