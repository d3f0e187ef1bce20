import path from 'node:path'
import { compressFiles } from './setup/brotli.mjs'
import { buildField } from './field/build.ts'

/** The field client into a folder: `node --import tsx scripts/build-field.ts FOLDER`. */
const folder = path.resolve(process.argv[2] ?? '.next/field')
const { version, firstScripts } = await buildField(folder)
compressFiles(folder)
console.log(`${folder}: version ${version}, ${firstScripts.length} scripts at first`)
