import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { connectListener } from '../src/listener.ts'
import { createEmptyDatabase, type TestDatabase } from './support/database.ts'
import { silentLog as log } from './support/silent-log.ts'
import { until } from './support/until.ts'

let database: TestDatabase
let opened: { close(): Promise<void> } | undefined

beforeAll(async () => {
  database = await createEmptyDatabase()
})
afterEach(() => opened?.close())
afterAll(() => database.drop())

async function listen(channels: string[], refuse: (payload: string) => boolean = () => false) {
  const heard: string[] = []
  let reconnects = 0
  opened = await connectListener({
    url: database.url,
    channels,
    onNotification: (channel, payload) => {
      if (refuse(payload)) throw new Error('refused')
      heard.push(`${channel}:${payload}`)
    },
    onReconnect: () => reconnects++,
    log,
  })
  return { heard, reconnects: () => reconnects }
}

const notify = (channel: string, payload: string) => database.db.query('select pg_notify($1, $2)', [channel, payload])

const cutListener = () =>
  database.db.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'pentimento listener' and datname = current_database()`,
  )

it('hears every channel it was given, odd names too, and no other', async () => {
  const { heard } = await listen(['jobs', 'edit:flux "dev"'])
  await notify('elsewhere', 'x')
  await notify('jobs', '1')
  await notify('edit:flux "dev"', '')
  await until('both are heard', () => heard.length === 2)
  expect(heard).toEqual(['jobs:1', 'edit:flux "dev":'])
})

it('listens again after its connection was cut, and says that it did', async () => {
  const { heard, reconnects } = await listen(['jobs'])
  for (const round of [1, 2, 3]) {
    await cutListener()
    await until('it has reconnected', () => reconnects() === round)
    await notify('jobs', String(round))
    await until('it hears', () => heard.length === round)
  }
  expect(heard).toEqual(['jobs:1', 'jobs:2', 'jobs:3'])
})

it('goes on after a handler threw', async () => {
  const { heard } = await listen(['jobs'], payload => payload === 'bad')
  await notify('jobs', 'bad')
  await notify('jobs', 'good')
  await until('the second is heard', () => heard.length > 0)
  expect(heard).toEqual(['jobs:good'])
})

it('rejects when its first connection is refused', async () => {
  const url = new URL(database.url)
  url.password = 'wrong'
  const config = { url: url.href, channels: ['jobs'], onNotification: () => {}, onReconnect: () => {}, log }
  await expect(connectListener(config)).rejects.toMatchObject({ code: '28P01' })
})

it('leaves no connection behind when it is closed, not even while reconnecting', async () => {
  await listen(['jobs'])
  await cutListener()
  await opened?.close()
  await until('no backend of it is left', async () => {
    const { rowCount } = await database.db.query(
      `select from pg_stat_activity where application_name = 'pentimento listener' and datname = current_database()`,
    )
    return rowCount === 0
  })
})
