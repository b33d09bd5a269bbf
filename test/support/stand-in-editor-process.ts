// node --import tsx stand-in-editor-process.ts PORT NOTES [--edit-ms n]: stands in for a vLLM-Omni server. It loads for a
// moment, then answers /health and /v1/images/edits. A line of NOTES is written for what happens: "start PID ARGS GPUS",
// "edit SEED", "end".

import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import sharp from 'sharp'

const LOAD_MS = 300
const [, , port = '', notes = '', ...args] = process.argv
const editMs = Number(args[args.indexOf('--edit-ms') + 1])
const note = (text: string) => appendFileSync(notes, `${port} ${text}\n`)
note(`start ${process.pid} ${args.join(' ')} GPU ${process.env.CUDA_VISIBLE_DEVICES ?? 'any'}`)

const picture = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#3060a0' } })
  .png()
  .toBuffer()
const loadedAt = Date.now() + LOAD_MS

const server = createServer(async (request, response) => {
  const send = (status: number, value: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(value))
  }
  if (request.url === '/health') return send(Date.now() < loadedAt ? 503 : 200, { status: 'healthy' })
  if (request.url === '/v1/models') return send(200, { data: [{ id: 'stand-in' }] })
  const body = await buffer(request)
  const [, seed = ''] = /name="seed"\r\n\r\n(\d+)/.exec(body.toString('latin1')) ?? []
  note(`edit ${seed}`)
  await delay(editMs)
  return send(200, { created: 1, data: [{ b64_json: picture.toString('base64') }] })
})
server.listen(Number(port), '0.0.0.0')

process.on('SIGTERM', () => {
  note('end')
  process.exit(0)
})
