import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { execSync } from 'node:child_process'
const master = fs.readFileSync('/tmp/storage/start.log','utf8').trim().split(' ')[1]
const pgCpu = () => execSync(`ps --ppid ${master} -o pid=`).toString().trim().split(/\s+/).map(p => { try { const f = fs.readFileSync(`/proc/${p}/stat`,'utf8').split(') ')[1]!.split(' '); return Number(f[11]) + Number(f[12]) } catch { return 0 } }).reduce((a,b)=>a+b,0) / 100
import pg from 'pg'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
const port = fs.readFileSync('/tmp/storage/port','utf8')
const url = `postgresql://postgres:s3cret@127.0.0.1:${port}/bench`
const storage = await openPostgresStorage({ url, poolSize: 16 })
const NOW = Date.now()
await storage.maintenance.ensurePartitions(NOW, 3)
const au = () => ({ id: randomUUID(), atMs: NOW, fleetId: null, actor: { kind: 'system', id: 'x', name: 'x' }, action: 'a', target: 't', reason: null, before: null, after: null, address: null, outcome: 'done' }) as any
const fleetId = randomUUID()
await storage.fleets.create({ id: fleetId, name: fleetId, epoch: 1, configVersion: 1, settings: {} as any, createdAtMs: NOW }, au())
await storage.collections.create({ id: randomUUID(), fleetId, name: 'reports', version: 1, strategy: 'lww', tieRule: 'lww', fieldStrategies: {}, schema: true, schemaVersion: 1, thresholds: {}, createdAtMs: NOW, updatedAtMs: NOW }, au())
const devices = Array.from({ length: 200 }, () => randomUUID())
for (const id of devices) await storage.devices.enroll({ device: { id, fleetId, name: 'd', platform: 'android', appVersion: '1', status: 'active', access: { '*': 'write' }, enrolledAtMs: NOW, lastContactMs: null, lastSessionOkMs: null, report: null }, tokenHash: randomUUID(), requestId: randomUUID(), keyId: randomUUID(), nowMs: NOW }, au())
let seq = 0
const doc = () => ({ airport: 'KJFK', species: 'Gull', title: 'Strike report at runway 13L with some more text', damage: 'minor', phase: 'approach', altitude: 1200, speed: 140, remarks: 'x'.repeat(100), when: '2026-06-15T11:59:00Z' })
const uuid7 = () => { const t = Date.now().toString(16).padStart(12, '0'); return t.slice(0,8)+'-'+t.slice(8)+'-7'+randomUUID().slice(15) }
async function group(pushes: number, per: number) {
  const reqs = Array.from({ length: pushes }, () => ({ deviceId: devices[Math.floor(Math.random() * devices.length)]!, requestId: uuid7(), sessionId: uuid7(), muts: Array.from({ length: per }, () => ({ id: uuid7(), recordId: uuid7() })) }))
  await storage.sync.transact(fleetId, async (tx) => {
    const s = await tx.load({ streams: ['reports'], deviceIds: [...new Set(reqs.map(r => r.deviceId))], requests: reqs.map(r => ({ deviceId: r.deviceId, requestId: r.requestId })), records: reqs.flatMap(r => r.muts.map(m => ({ collection: 'reports', recordId: m.recordId }))), bases: [], mutationIds: reqs.flatMap(r => r.muts.map(m => m.id)) })
    let v = s.heads.get('reports')!
    const changes = reqs.flatMap(r => r.muts.map(m => { const data = doc(); const version = ++v; const hlc = '0192f0a1b2c3-0003-' + r.deviceId
      return { incoming: { mutation: { id: m.id, collection: 'reports', recordId: m.recordId, baseVersion: 0, schemaVersion: 1, hlc, madeAt: '2026-06-15T11:59:00.000Z', op: { type: 'put', data } }, payloadHash: 'a'.repeat(64), bytes: 500, unknownField: null }, deviceId: r.deviceId, requestId: r.requestId, sessionId: r.sessionId, result: { id: m.id, status: 'applied', version }, record: { collection: 'reports', recordId: m.recordId, version, deleted: false, data, hlc, deviceId: r.deviceId, versionVector: { [r.deviceId]: version }, schemaVersion: 1 }, replaced: null, conflict: null, deadLetter: null, replayOf: null, appVersion: '1', correctedMadeAtMs: NOW, receivedAtMs: NOW } as any }))
    await tx.write({ committedAtMs: Date.now(), heads: new Map([['reports', v]]), changes, responses: reqs.map(r => ({ deviceId: r.deviceId, requestId: r.requestId, requestHash: 'b'.repeat(64), body: JSON.stringify(r.muts), createdAtMs: NOW })), reports: reqs.map(r => ({ deviceId: r.deviceId, appVersion: '1', platform: 'android' as const, report: { state: 'pushing' as const, seq: ++seq, nonce: 'nonce' + seq, depth: 0, oldestMadeAtMs: null, byCollection: {}, offsetMs: 0, rttMs: 5, atMs: Date.now() } })), sessions: reqs.map(r => ({ sessionId: r.sessionId, deviceId: r.deviceId })), events: reqs.map(r => ({ id: 'push/' + r.requestId, atMs: Date.now(), payload: { kind: 'push', deviceId: r.deviceId, platform: 'android', appVersion: '1', requestId: r.requestId, sessionId: r.sessionId, collections: { reports: { results: { applied: per }, conflicts: [], uploadLagMs: Array(per).fill(1234), clamped: 0, deadLetterCodes: {} } } } as any })), audit: [] })
  })
}
async function run(name: string, pushes: number, seconds: number, lanes = 1) {
  const end = performance.now() + seconds * 1000; let n = 0; const t0 = performance.now(); const pg0 = pgCpu(); const cpu0 = process.cpuUsage(); const lat: number[] = []
  await Promise.all(Array.from({ length: lanes }, async () => { while (performance.now() < end) { const t = performance.now(); await group(pushes, 50); lat.push(performance.now() - t); n += pushes * 50 } }))
  const s = (performance.now() - t0) / 1000, cpu = process.cpuUsage(cpu0); lat.sort((a, b) => a - b)
  console.log(name.padEnd(24), Math.round(n / s), 'mut/s', 'p50', lat[lat.length >> 1]!.toFixed(1), 'ms node cpu', ((cpu.user + cpu.system) / 1e6 / s).toFixed(2), 'us/mut pg', ((pgCpu() - pg0) * 1e6 / n).toFixed(1), 'us/mut node', ((cpu.user + cpu.system) / n).toFixed(1))
}
// ceiling: one unnest transaction per request
const pool = new pg.Pool({ connectionString: url, max: 16 })
await pool.query('CREATE TABLE IF NOT EXISTS bare (fleet uuid, id uuid, record uuid, version bigint, data jsonb, primary key (fleet, id))')
async function bare() { const ids = Array.from({ length: 50 }, uuid7), recs = ids.map(uuid7), docs = ids.map(() => JSON.stringify(doc())); const c = await pool.connect(); try { await c.query('BEGIN'); await c.query({ name: 'bare', text: 'INSERT INTO bare SELECT $1, i, r, v, d FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::jsonb[]) k(i, r, v, d)', values: [fleetId, ids, recs, ids.map((_, i) => i), docs] }); await c.query('COMMIT') } finally { c.release() } }
async function runBare(seconds: number, lanes: number) { const end = performance.now() + seconds * 1000; let n = 0; const t0 = performance.now(); const pg0 = pgCpu(), c0 = process.cpuUsage(); await Promise.all(Array.from({ length: lanes }, async () => { while (performance.now() < end) { await bare(); n += 50 } })); console.log('bare lanes', lanes, Math.round(n / ((performance.now() - t0) / 1000)), 'mut/s', 'us/mut pg', ((pgCpu() - pg0) * 1e6 / n).toFixed(1), 'node', (process.cpuUsage(c0).user / n).toFixed(1)) }
const acc = new Map<string, [number, number]>()
const orig = pg.Client.prototype.query as any
pg.Client.prototype.query = function (this: any, c: any, ...r: any[]) { const t = performance.now(); const name = typeof c === 'string' ? c : c.name; const p = orig.call(this, c, ...r); if (p?.then) p.then(() => { const done = performance.now(); const d = done - Math.max(t, this.__last ?? 0); this.__last = done; const a = acc.get(name) ?? [0, 0]; a[0] += d; a[1]++; acc.set(name, a) }, () => {}); return p } as any

await run('warm', 1, 1); acc.clear()
await run('16 pushes', 16, 6); for (const [k, [t, n]] of [...acc].sort((a, b) => b[1][0] - a[1][0])) console.log(k.padEnd(26), n, (t / n).toFixed(2), 'ms')
await pool.end(); await storage.close()
