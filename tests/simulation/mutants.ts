import type { Mutant } from '../../scripts/simulation/bundle.ts'

const SYNC = 'lib/storage/memory/sync.ts'
const MAINTENANCE = 'lib/storage/memory/maintenance.ts'

interface PlantedMutant extends Mutant {
  /** The seed to begin with: the first ones may not meet it. */
  readonly from?: number
}

/**
 * Defects that sync engines have had, each of which the simulation must find. That an override holds in one process only
 * is not among them: overrides are not built yet (tests/reliability.matrix.ts).
 */
export const MUTANTS: readonly PlantedMutant[] = [
  {
    name: 'cursor-by-id',
    edits: [
      {
        file: SYNC,
        find: 'behind.sort((a, b) => a.version - b.version)',
        replace: 'behind.sort((a, b) => (a.recordId < b.recordId ? -1 : 1))',
      },
    ],
  },
  {
    name: 'cursor-by-commit-time',
    edits: [
      {
        file: SYNC,
        find: 'const behind = all.filter((row) => row.collection === collection && row.version > afterVersion)',
        replace: `const own = all.filter((row) => row.collection === collection)
    const sinceMs = Math.max(0, ...own.filter((row) => row.version <= afterVersion).map((row) => row.committedAtMs))
    const behind = own.filter((row) => row.version > afterVersion && row.committedAtMs > sinceMs)`,
      },
    ],
  },
  {
    name: 'acknowledge-before-commit',
    edits: [
      {
        file: 'lib/application/sync/commit-group.ts',
        find: `  return storage.sync.transact(fleetId, async (tx) => {`,
        replace: `  return new Promise((tell, fail) => void storage.sync.transact(fleetId, async (tx) => {`,
      },
      {
        file: 'lib/application/sync/commit-group.ts',
        find: `    return decideAndWrite(tx, group, jobs, onDecided)
  })`,
        replace: `    const decided = await decideAndWrite(tx, group, jobs, onDecided)
    tell(decided)
    return decided
  }).then(tell, fail))`,
      },
    ],
  },
  {
    name: 'text-since-too-late',
    from: 400,
    edits: [
      {
        file: 'lib/application/sync/texts-since.ts',
        find: 'places.push({ collection, recordId, version })',
        replace: 'places.push({ collection, recordId, version: Infinity })',
      },
      {
        file: 'lib/client/texts-since.ts',
        find: ' || hash53(text.value) !== hash',
        replace: '',
      },
    ],
  },
  {
    name: 'change-in-flight-is-changed',
    edits: [{ file: 'lib/client/outbox.ts', find: 'last.sends > 0 || ', replace: '' }],
  },
  {
    name: 'tombstones-collected-early',
    from: 1_001,
    edits: [
      { file: MAINTENANCE, find: 'nowMs - KEEP_MS.tombstone, batch)', replace: 'nowMs - 86_400_000, batch)' },
      {
        file: MAINTENANCE,
        find: 'tables.purged.set(undo, collection, Math.max(version, tables.purged.get(collection) ?? 0))',
        replace: '',
      },
    ],
  },
  {
    name: 'enrollment-repeat-ends-tokens',
    edits: [
      {
        file: 'lib/storage/memory/devices.ts',
        find: 'own.slice(0, -TOKENS_PER_DEVICE_MAX)',
        replace: 'own.slice(0, -1)',
      },
    ],
  },
  {
    name: 'mutation-ids-forgotten',
    edits: [
      {
        file: 'lib/engine/check-mutation.ts',
        find: '  if (!known || (push.replayOf',
        replace: '  if (!known || known || (push.replayOf',
      },
    ],
  },
  {
    name: 'stored-response-ignored',
    edits: [
      {
        file: 'lib/storage/memory/push.ts',
        find: 'responses: found(responseKeys, (key) => tables.responses.get(key)),',
        replace: 'responses: new Map(),',
      },
      {
        file: 'lib/storage/memory/push.ts',
        find: 'assert(!tables.responses.has(key), `response ${key} is new`)',
        replace: '',
      },
    ],
  },
  {
    name: 'last-arrival-wins',
    from: 1_900,
    edits: [
      {
        file: 'lib/engine/conflict/lww.ts',
        find: "compareHlc(mutation.hlc, current.hlc) > 0 ? 'local' : 'remote'",
        replace: "compareHlc(mutation.hlc, current.hlc) > 0 ? 'local' : 'local'",
      },
    ],
  },
  {
    name: 'nothing-is-concurrent',
    edits: [
      {
        file: 'lib/engine/decide-record.ts',
        find: "  if (base.kind === 'unknown')\n    return isReplay ||",
        replace: '  if (Date) return false\n  if (Date)\n    return isReplay ||',
      },
    ],
  },
  {
    name: 'token-before-records',
    edits: [
      {
        file: 'lib/client/pull-step.ts',
        find: `    run.page = { ...outcome.value, askedAt: request.position.token }
    return (await`,
        replace: `    run.page = { ...outcome.value, askedAt: request.position.token }
    const early = { token: outcome.value.token, fullReason: null, marks: {} }
    await transact(run, (tx) => setMeta(tx, 'position', early))
    return (await`,
      },
    ],
  },
  {
    name: 'acknowledged-not-sent-again-after-restore',
    edits: [
      {
        file: 'lib/client/epoch.ts',
        find: 'acknowledgedAtMs > nowMs - ACKNOWLEDGED_KEPT_MS',
        replace: 'acknowledgedAtMs > nowMs',
      },
    ],
  },
  {
    name: 'snapshot-leaves-what-it-did-not-show',
    from: 1_200,
    edits: [
      { file: 'lib/client/pull-step.ts', find: '    await sweepUnseen(tx, collection, mark)\n', replace: '' },
    ],
  },
  {
    name: 'deletes-ignored-on-devices',
    edits: [
      {
        file: 'lib/client/records.ts',
        find: '  if (wire.deleted) return known ? forgetRecord(tx, known) : endRemoval(tx, wire)\n',
        replace: '  if (wire.deleted) return undefined\n',
      },
    ],
  },
  {
    name: 'own-changes-not-shown',
    edits: [
      {
        file: 'lib/client/view.ts',
        find: ', ...notYetIn(stored, pending).map((entry) => entry.mutation)',
        replace: '',
      },
    ],
  },
  {
    name: 'no-retry-after-a-failure',
    edits: [
      {
        file: 'lib/client/replica.ts',
        find: '    if (wait) (end.',
        replace: '    if (wait && end.trouble === null) (end.',
      },
    ],
  },
  {
    name: 'decisions-unheard',
    edits: [
      {
        file: 'lib/client/decisions.ts',
        find: 'const unsure = isNewer(deviceId) || isNewer(SERVER_ACTOR_ID) || conflict.unsure',
        replace: 'const unsure = conflict.unsure',
      },
      {
        file: 'lib/client/follow-commands.ts',
        find: "    if (type === 'resolved') await noteDecided(tx, conflictId)\n",
        replace: '',
      },
    ],
  },
  {
    name: 'decided-on-what-nobody-saw',
    from: 660,
    edits: [
      {
        file: 'lib/client/decisions.ts',
        find: 'const told = (notice ? notice.record : await getRecord(tx, collection, recordId))?.version ?? 0',
        replace: 'const told = (await getRecord(tx, collection, recordId))?.version ?? 0',
      },
      {
        file: 'lib/client/decisions.ts',
        find: '    baseVersion: Math.min(seen, told),',
        replace: '    baseVersion: told,',
      },
      {
        file: 'lib/client/decisions.ts',
        find: '{ ...conflict, record, met, unsure }',
        replace: '{ ...conflict, met, unsure }',
      },
    ],
  },
  {
    name: 'outcome-of-a-replay-unheard',
    from: 1_200,
    edits: [
      {
        file: 'lib/client/decisions.ts',
        find: '    if (isReplayed) await askAgain(tx, [notice.mutation])\n',
        replace: '',
      },
    ],
  },
  {
    name: 'operations-not-transformed',
    from: 1_060,
    edits: [
      {
        file: 'lib/engine/ot/integrate.ts',
        find: "const next = type.transform(op, other, 'left')",
        replace: 'const next = ok(op)',
      },
    ],
  },
  {
    name: 'operations-pass-on-the-wrong-side',
    from: 5_040,
    edits: [
      {
        file: 'lib/engine/ot/integrate.ts',
        find: "const next = type.transform(op, other, 'left')",
        replace: "const next = type.transform(op, other, 'right')",
      },
    ],
  },
  {
    name: 'ties-go-to-who-came-first',
    from: 5_040,
    edits: [
      {
        file: 'lib/engine/ot/integrate.ts',
        find: "const next = type.transform(op, other, 'left')",
        replace: "const next = type.transform(op, other, 'right')",
      },
      {
        file: 'lib/engine/ot/integrate.ts',
        find: "const rest = type.transform(other, op, 'right')",
        replace: "const rest = type.transform(other, op, 'left')",
      },
    ],
  },
  {
    name: 'one-revision-not-transformed-against',
    edits: [
      {
        file: 'lib/engine/ot/integrate.ts',
        find: '  for (const entry of log) {',
        replace: '  for (const entry of log.slice(1)) {',
      },
    ],
  },
  {
    name: 'document-write-derived-on-the-base-of-its-child',
    from: 950,
    edits: [
      {
        file: 'lib/engine/after-chain.ts',
        find: '|| ownBase === baseVersion ||',
        replace: '|| ownBase >= 0 ||',
      },
    ],
  },
  {
    name: 'text-update-dropped',
    edits: [
      {
        file: 'lib/engine/crdt/text-yjs.ts',
        find: 'joined([a.update, b.update])',
        replace: 'joined([a.update])',
      },
    ],
  },
  {
    name: 'refused-stamp-drops-the-change',
    edits: [
      {
        file: 'lib/client/refuse.ts',
        find: `    if (context.restamped.size === 0) await resetClock(tx, context.deviceId, result.serverHlc)
    return restamp(tx, context, entry)`,
        replace: '    return dropEntry(tx, entry)',
      },
      {
        file: 'lib/client/refuse.ts',
        find: "import { heldBack, saveEntry } from './outbox.ts'",
        replace: "import { dropEntry, heldBack, saveEntry } from './outbox.ts'",
      },
    ],
  },
  {
    name: 'atomic-push-in-parts',
    from: 55,
    edits: [
      {
        file: 'lib/engine/push.ts',
        find: 'if (!push.atomic || !results.some(isCulprit))',
        replace: 'if (push.atomic || !results.some(isCulprit) || true)',
      },
    ],
  },
  {
    name: 'old-documents-shown-as-they-are',
    edits: [
      {
        file: 'lib/client/evolution-parts.ts',
        find: 'if (from >= rules.schemaVersion || !data) return record',
        replace: 'if (from > 0) return record',
      },
    ],
  },
]
