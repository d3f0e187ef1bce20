import path from 'node:path'

/** @type {import('next').NextConfig} */
export default {
  serverExternalPackages: ['pg'],
  turbopack: { root: path.resolve(import.meta.dirname, '../../..') },
}
