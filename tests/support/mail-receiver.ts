import { createServer, type AddressInfo, type Socket } from 'node:net'

export interface Mail {
  readonly from: string
  readonly to: readonly string[]
  readonly text: string
}

export interface MailReceiver {
  readonly port: number
  readonly received: Mail[]
  /** What clients said, line by line, without the mails. */
  readonly heard: string[]
  /** What the end of a mail is answered with. */
  reply: string
  /** What an address is answered with. */
  addressed: (address: string) => string
  /** How long each answer takes. */
  waitMs: number
  close(): Promise<void>
}

/** As much of SMTP as a mail needs (RFC 5321), on loopback and in the clear. */
export async function startMailReceiver(): Promise<MailReceiver> {
  const received: Mail[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, receiver, (mail) => {
      received.push(mail)
      return receiver.reply
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const receiver: MailReceiver = {
    port: (server.address() as AddressInfo).port,
    received,
    heard: [],
    reply: '250 taken',
    addressed: () => '250 ok',
    waitMs: 0,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return receiver
}

function serve(socket: Socket, receiver: MailReceiver, take: (mail: Mail) => string): void {
  let unread = ''
  let data: string | null = null
  let from = ''
  let to: string[] = []
  const say = (line: string): void => {
    if (receiver.waitMs === 0) socket.write(`${line}\r\n`)
    else setTimeout(() => socket.write(`${line}\r\n`), receiver.waitMs)
  }
  const hear = (line: string): void => {
    if (data === null) receiver.heard.push(line)
    if (data !== null) {
      if (line !== '.') data += `${line.replace(/^\.\./, '.')}\n`
      else {
        say(take({ from, to, text: data }))
        data = null
      }
    } else if (/^EHLO/i.test(line)) say('250 here')
    else if (/^MAIL FROM:/i.test(line)) {
      from = addressIn(line)
      to = []
      say('250 ok')
    } else if (/^RCPT TO:/i.test(line)) {
      const reply = receiver.addressed(addressIn(line))
      if (reply.startsWith('2')) to = [...to, addressIn(line)]
      say(reply)
    } else if (/^DATA/i.test(line)) {
      data = ''
      say('354 go on')
    } else if (/^QUIT/i.test(line)) {
      say('221 bye')
      socket.end()
    } else say('500 what')
  }
  say('220 here')
  socket.on('error', () => socket.destroy())
  socket.on('data', (bytes) => {
    const lines = (unread + bytes.toString()).split('\r\n')
    unread = lines.pop() ?? ''
    for (const line of lines) hear(line)
  })
}

const addressIn = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? ''
