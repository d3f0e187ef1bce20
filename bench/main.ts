/**
 * `npm run bench`: Tidemark's speed beside what this machine can do at most, as Markdown tables (docs/bench.md).
 * With names of tables, those alone.
 */
import { availableParallelism, loadavg } from 'node:os'
import { benchAlerts } from './alerts/bench-alerts.ts'
import { benchAudit } from './audit/bench-audit.ts'
import { benchBackup } from './backup/bench-backup.ts'
import { benchBreakers } from './breakers/bench-breakers.ts'
import { benchEngine } from './engine/bench-engine.ts'
import { benchHistory } from './history/bench-history.ts'
import { benchTelemetry } from './history/bench-telemetry.ts'
import { benchWriting } from './history/bench-writing.ts'
import { benchLab } from './lab/bench-lab.ts'
import { benchLetters } from './letters/bench-letters.ts'
import { benchMemory } from './memory/bench-memory.ts'
import { benchMetrics } from './metrics.ts'
import type { BenchDatabase } from './postgres.ts'
import { startDatabase } from './postgres.ts'
import { benchPull } from './pull/bench-pull.ts'
import { benchConflict } from './push/bench-conflict.ts'
import { benchPush, benchSmallPushes } from './push/bench-push.ts'
import { benchSdkSize } from './sdk-size.ts'
import { benchText } from './text/bench-text.ts'

/** Each has a database of its own: what one left behind is not the next one's load. */
const TABLES: Readonly<Record<string, (database: BenchDatabase) => Promise<string>>> = {
  push: benchPush,
  'small-pushes': benchSmallPushes,
  pull: benchPull,
  conflict: benchConflict,
  breakers: benchBreakers,
  text: benchText,
  memory: benchMemory,
  history: benchHistory,
  letters: benchLetters,
  writing: benchWriting,
  telemetry: benchTelemetry,
  alerts: benchAlerts,
  audit: benchAudit,
  lab: benchLab,
  backup: benchBackup,
}
const WITHOUT_DATABASE: Readonly<Record<string, () => Promise<string>>> = {
  engine: benchEngine,
  metrics: benchMetrics,
  sdk: benchSdkSize,
}

const all = [...Object.keys(TABLES), ...Object.keys(WITHOUT_DATABASE)]
const asked = process.argv.slice(2)
const strange = asked.find((name) => !all.includes(name))
if (strange !== undefined) {
  console.error(`there is no table ${strange}; there are ${all.join(', ')}`)
  process.exit(2)
}

console.log(`Node ${process.version}, ${availableParallelism()} cores, PostgreSQL with fsync on.`)
for (const name of asked.length > 0 ? asked : all) {
  const startedMs = performance.now()
  console.log(`\n${await tableOf(name)}`)
  const seconds = Math.round((performance.now() - startedMs) / 1_000)
  console.log(`\n${seconds} s; load of the machine over the last minute: ${loadavg()[0]?.toFixed(1)}.`)
}

async function tableOf(name: string): Promise<string> {
  const alone = WITHOUT_DATABASE[name]
  if (alone) return alone()
  const database = await startDatabase()
  try {
    return (await TABLES[name]?.(database)) ?? ''
  } finally {
    await database.end()
  }
}
