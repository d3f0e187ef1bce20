import { createHash, createHmac, randomUUID, timingSafeEqual, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { access, link, open, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { assert } from '#lib/kernel/result.ts'
import type { AuditHead } from '../../ports.ts'
import { BackupError } from './backup-error.ts'

/**
 * The file of a backup (decision 0067): a magic, then frames of one letter, four bytes of length and that many bytes.
 * `H` what it is, `D` rows of one table, compressed, `E` what all of it was, with a digest of all before, `S` an HMAC of a
 * digest of all before, under a key that is derived from TIDEMARK_SECRET.
 */
const MAGIC = Buffer.from('tidemark-backup\n')
export const FORMAT = 1
/** No reader takes more. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024
const FRAME_HEAD_BYTES = 5
const TABLE_BYTES = 2
/** Levels above cost several times as long for a few per cent. */
const LEVEL = 3
const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

export interface BackupTable {
  readonly name: string
  readonly columns: readonly string[]
}

export interface BackupHeader {
  readonly format: number
  readonly id: string
  /** Of the Tidemark that wrote it. */
  readonly appVersion: string
  /** ISO 8601, by the database's clock: what was acknowledged until then is in it. */
  readonly takenAt: string
  /** Tells another secret from damage; the key cannot be had from it. */
  readonly keyId: string
  readonly migrations: readonly { readonly name: string; readonly checksum: string }[]
  readonly fleets: readonly { readonly id: string; readonly name: string; readonly epoch: number }[]
  readonly heads: readonly {
    readonly fleetId: string
    readonly collection: string
    readonly version: number
  }[]
  /** Of the audit chain at that moment; null where there was none yet. */
  readonly auditHead: AuditHead | null
  /** Names of day and month partitions. */
  readonly partitions: readonly string[]
  /** In an order in which they can be loaded. */
  readonly tables: readonly BackupTable[]
}

export interface BackupEnd {
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>
  /** Hex, of all before this frame. */
  readonly sha256: string
}

const keyOf = (secret: string): Buffer => createHmac('sha256', secret).update('tidemark.backup.v1').digest()
export const keyIdOf = (secret: string): string =>
  createHmac('sha256', keyOf(secret)).update('id').digest('hex').slice(0, 16)

/** Writes beside `file` and takes its name at the end, when all is on the disk: what bears the name is whole. */
export class BackupWriter {
  private readonly file: string
  private readonly beside: string
  private readonly handle: FileHandle
  private readonly digest: Hash = createHash('sha256')
  private readonly key: Buffer
  bytes = 0

  private constructor(file: string, beside: string, handle: FileHandle, secret: string) {
    this.file = file
    this.beside = beside
    this.handle = handle
    this.key = keyOf(secret)
  }

  /** @throws BackupError `file_exists`, `not_written` */
  static async create(file: string, secret: string): Promise<BackupWriter> {
    if (await isThere(file)) throw exists(file)
    // By chance: in a container every process has the same pid.
    const beside = `${file}.${randomUUID().slice(0, 8)}.part`
    const handle = await open(beside, 'wx', 0o600).catch((error: unknown) => {
      throw notWritten(beside, error)
    })
    const writer = new BackupWriter(file, beside, handle, secret)
    try {
      await writer.append(MAGIC)
      return writer
    } catch (error) {
      await writer.discard()
      throw error
    }
  }

  async header(header: BackupHeader): Promise<void> {
    await this.frame('H', Buffer.from(JSON.stringify(header)))
  }

  /** `table` is its place in the header's list; no more `rows` at once than a reader unpacks. */
  async rows(table: number, rows: Uint8Array): Promise<void> {
    assert(rows.length <= FRAME_BYTES_MAX, 'a piece of a table is longer than one may be')
    const place = Buffer.alloc(TABLE_BYTES)
    place.writeUInt16BE(table)
    await this.frame('D', Buffer.concat([place, await deflate(rows, { level: LEVEL })]))
  }

  /** The last call: the file is whole and under its name afterwards. */
  async end(rows: Readonly<Record<string, number>>): Promise<void> {
    const end: BackupEnd = { rows, sha256: this.digest.copy().digest('hex') }
    await this.frame('E', Buffer.from(JSON.stringify(end)))
    await this.frame('S', createHmac('sha256', this.key).update(this.digest.copy().digest()).digest())
    try {
      await this.handle.sync()
      await this.handle.close()
      // Unlike a rename it takes no other file's place.
      await link(this.beside, this.file)
      await rm(this.beside)
      await syncFolder(path.dirname(this.file))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw exists(this.file)
      throw notWritten(this.file, error)
    }
  }

  /** Leaves nothing. */
  async discard(): Promise<void> {
    // The file goes away, so that what could not be written to it on closing is not missed; why is told by who discards it.
    await this.handle.close().catch(() => {})
    await rm(this.beside, { force: true })
  }

  private async frame(kind: string, payload: Uint8Array): Promise<void> {
    assert(payload.length <= FRAME_BYTES_MAX, 'a frame is longer than one may be')
    const head = Buffer.alloc(FRAME_HEAD_BYTES)
    head.write(kind, 0, 'latin1')
    head.writeUInt32BE(payload.length, 1)
    await this.append(Buffer.concat([head, payload]))
  }

  private async append(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;)
        at += (await this.handle.write(bytes, at, bytes.length - at)).bytesWritten
    } catch (error) {
      throw notWritten(this.beside, error)
    }
    this.digest.update(bytes)
    this.bytes += bytes.length
  }
}

export interface ReadBackup {
  readonly header: BackupHeader
  readonly end: BackupEnd
  /** False where the signature could not be checked, and the caller said that this is all right. */
  readonly proven: boolean
  readonly bytes: number
}

/**
 * Reads the whole file and judges it. Nothing of it may be used before.
 * @param rows called with the rows of a table, as they stand in the file; without it they are not unpacked
 * @throws BackupError `not_a_backup`, `newer_format`, `truncated`, `damaged`, `other_secret`
 */
export async function readBackup(
  file: string,
  { secret, unproven }: { readonly secret: string; readonly unproven: boolean },
  rows?: (table: number, rows: Buffer) => Promise<void>,
): Promise<ReadBackup> {
  const handle = await openExisting(file)
  try {
    const frames = new FrameReader(handle, file, secret)
    const header = await frames.header()
    const proven = header.keyId === keyIdOf(secret)
    if (!proven && !unproven) throw otherSecret(file)
    for (;;) {
      const { kind, payload, digest } = await frames.next()
      if (kind === 'E') {
        const end = jsonOf<BackupEnd>(payload, file)
        if (end.sha256 !== digest) throw damaged(file)
        await frames.signature(proven)
        return { header, end, proven, bytes: frames.bytes }
      }
      if (kind !== 'D') throw damaged(file)
      const table = payload.readUInt16BE()
      if (header.tables[table] === undefined) throw damaged(file)
      if (rows) await rows(table, await unpacked(payload.subarray(TABLE_BYTES), file))
    }
  } finally {
    await handle.close()
  }
}

class FrameReader {
  private readonly handle: FileHandle
  private readonly file: string
  private readonly hash: Hash = createHash('sha256')
  private readonly key: Buffer
  bytes = 0

  constructor(handle: FileHandle, file: string, secret: string) {
    this.handle = handle
    this.file = file
    this.key = keyOf(secret)
  }

  async header(): Promise<BackupHeader> {
    // Too short to begin as one does, or not to be read at all: none of ours either way, and nothing was changed.
    const magic = await this.take(MAGIC.length).catch(() => null)
    if (!magic?.equals(MAGIC))
      throw new BackupError('not_a_backup', `${this.file} is no backup of Tidemark: nothing was changed.`)
    const { kind, payload } = await this.next()
    if (kind !== 'H') throw damaged(this.file)
    const header = jsonOf<BackupHeader>(payload, this.file)
    if (header.format > FORMAT)
      throw new BackupError(
        'newer_format',
        `${this.file} was written by Tidemark ${header.appVersion}, in a format that this version cannot read: restore it with that one.`,
      )
    return header
  }

  /** `digest`: of all that stands before this frame. */
  async next(): Promise<{ readonly kind: string; readonly payload: Buffer; readonly digest: string }> {
    const digest = this.hash.copy().digest('hex')
    const head = await this.take(FRAME_HEAD_BYTES)
    const length = head.readUInt32BE(1)
    if (length > FRAME_BYTES_MAX) throw damaged(this.file)
    return { kind: head.toString('latin1', 0, 1), payload: await this.take(length), digest }
  }

  /** The last frame, behind which nothing stands. */
  async signature(isToMatch: boolean): Promise<void> {
    const expected = createHmac('sha256', this.key).update(this.hash.copy().digest()).digest()
    const { kind, payload } = await this.next()
    const isWhole = kind === 'S' && payload.length === expected.length
    if (!isWhole || (isToMatch && !timingSafeEqual(payload, expected))) throw damaged(this.file)
    if ((await this.handle.read(Buffer.alloc(1), 0, 1)).bytesRead > 0) throw damaged(this.file)
  }

  private async take(length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length)
    for (let at = 0; at < length;) {
      const { bytesRead } = await this.handle.read(bytes, at, length - at)
      if (bytesRead === 0)
        throw new BackupError(
          'truncated',
          `${this.file} ends too early: it was cut off while it was written or copied. Nothing was changed; take another copy of it.`,
        )
      at += bytesRead
    }
    this.hash.update(bytes)
    this.bytes += length
    return bytes
  }
}

async function openExisting(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r')
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new BackupError('not_a_backup', `${file} cannot be read (${why}).`, { cause: error })
  }
}

async function unpacked(bytes: Uint8Array, file: string): Promise<Buffer> {
  try {
    return await inflate(bytes, { maxOutputLength: FRAME_BYTES_MAX })
  } catch (error) {
    throw new BackupError('damaged', damaged(file).message, { cause: error })
  }
}

function jsonOf<T>(bytes: Buffer, file: string): T {
  try {
    return JSON.parse(bytes.toString('utf8')) as T
  } catch (error) {
    throw new BackupError('damaged', damaged(file).message, { cause: error })
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file, constants.F_OK)
    return true
  } catch {
    // One that is there and can't be seen is refused by the system when it is written.
    return false
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const damaged = (file: string): BackupError =>
  new BackupError(
    'damaged',
    `${file} is damaged: what stands in it is not what was written. Nothing was changed; take another copy of it.`,
  )
const otherSecret = (file: string): BackupError =>
  new BackupError(
    'other_secret',
    `${file} was written under another TIDEMARK_SECRET: set the one of the server that it is of (embedded: copy its secrets.json). ` +
      'With --unproven it is taken without a check of who wrote it; then nothing that is derived from the secret works any more.',
  )
const exists = (file: string): BackupError =>
  new BackupError('file_exists', `${file} is there already, and is not overwritten: name another file.`)
const notWritten = (file: string, error: unknown): BackupError =>
  error instanceof BackupError
    ? error
    : new BackupError(
        'not_written',
        `${file} could not be written (${(error as NodeJS.ErrnoException).code ?? String(error)}): nothing is left of it.`,
        { cause: error },
      )
