/** Ways in, to paste; `origin` is this server's address and `key` the one to use, or what stands for it. All pure. */

export const sessionsSnippet = (origin: string, key = 'tmi_…'): string =>
  `curl ${origin}/api/v1/ingest/sessions \\
  -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\
  -d '{"sessions":[{
    "sessionId":"sync-1", "client":{"id":"till-7","name":"Till 7","platform":"android","appVersion":"3.1"},
    "startedAt":"'$(date -u +%FT%TZ)'", "endedAt":"'$(date -u +%FT%TZ)'", "result":"ok", "pushed":4}]}'`

export const otlpSnippet = (origin: string, key = 'tmi_…'): string =>
  `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${origin}/api/otlp/v1/traces
OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20${key}`
