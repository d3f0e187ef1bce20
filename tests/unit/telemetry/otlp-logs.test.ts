import { SeverityNumber } from '@opentelemetry/api-logs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LOGS_MAX, LOG_TEXT_MAX, logsOfExport } from '#lib/telemetry/otlp/logs-of-export.ts'
import { LOGS_MESSAGE } from '#lib/telemetry/otlp/logs-message.ts'
import { readProtobuf } from '#lib/telemetry/otlp/protobuf.ts'
import type { ToldRecord } from '#tests/support/otel-metrics.ts'
import { wiredLogs } from '#tests/support/otel-metrics.ts'

const AT_MS = Date.UTC(2026, 10, 26, 9)
const record = (over: Partial<ToldRecord> = {}): ToldRecord => ({
  body: 'push failed',
  attributes: { 'sync.client.id': 'till-7', 'sync.session.id': 's1' },
  atMs: AT_MS,
  ...over,
})

function read(told: readonly ToldRecord[], resource: ToldRecord['attributes'] = {}) {
  const { protobuf, json } = wiredLogs(told, resource)
  const message = readProtobuf(protobuf, LOGS_MESSAGE)
  if (!message.ok) throw new Error(message.error)
  const found = logsOfExport(message.value)
  expect(found).toEqual(logsOfExport(JSON.parse(Buffer.from(json).toString())))
  return found
}

describe('logs of an export', () => {
  test('a log of a client is kept with its session, level and kind of error', () => {
    const { logs, rejected } = read(
      [
        record({
          severity: SeverityNumber.ERROR2,
          attributes: { ...record().attributes, 'error.type': 'timeout' },
        }),
        record({
          eventName: 'sync.retry',
          severity: SeverityNumber.WARN,
          attributes: { 'sync.client.id': 'a' },
        }),
      ],
      { 'os.type': 'android', 'service.version': '3.1' },
    )
    expect(rejected).toBe(0)
    expect(logs).toEqual([
      {
        client: expect.objectContaining({ id: 'till-7', platform: 'android', appVersion: '3.1' }),
        sessionId: 's1',
        atMs: AT_MS,
        level: 'error',
        text: 'push failed',
        code: 'timeout',
      },
      expect.objectContaining({
        sessionId: null,
        level: 'warn',
        text: 'sync.retry: push failed',
        code: null,
      }),
    ])
  })

  test('who names no client, or tells less than info, is passed over', () => {
    const { logs, rejected } = read([
      record({ attributes: {} }),
      record({ severity: SeverityNumber.DEBUG4 }),
      record({ severity: SeverityNumber.UNSPECIFIED }),
    ])
    expect([logs.map(({ level }) => level), rejected]).toEqual([['info'], 0])
  })

  test('one that says nothing is rejected, and a long one is cut', () => {
    const silent = read([{ attributes: record().attributes, atMs: AT_MS }])
    expect([silent.rejected, silent.reason]).toEqual([1, 'a log record has neither a text nor an event name'])
    expect(read([record({ body: 'x'.repeat(5_000) })]).logs[0]?.text).toHaveLength(LOG_TEXT_MAX)
    const named = {
      resourceLogs: [
        {
          scopeLogs: [
            {
              logRecords: [
                {
                  severityNumber: 'SEVERITY_NUMBER_FATAL3',
                  eventName: 'x',
                  timeUnixNano: '1795683600000000000',
                  attributes: [{ key: 'sync.client.id', value: { stringValue: 'a' } }],
                },
              ],
            },
          ],
        },
      ],
    }
    expect(logsOfExport(named).logs[0]?.level).toBe('error')
  })

  test('any JSON is read or passed over, and records beyond the bound are rejected', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        logsOfExport(value)
        logsOfExport({ resourceLogs: [{ scopeLogs: [{ logRecords: [value] }] }] })
      }),
    )
    const logRecords = Array.from({ length: LOGS_MAX + 2 }, () => ({}))
    expect(logsOfExport({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })).toMatchObject({ rejected: 2 })
  })
})
