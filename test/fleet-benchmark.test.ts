import { expect, test } from 'vitest'
import { startProcess } from './support/server-process.ts'

test('the fleet benchmark loses, doubles and fails no job where calls are answered 503', {
  timeout: 180_000,
}, async () => {
  const bench = startProcess('bench/fleet.ts', {}, ['--small'])
  const end = await bench.end()
  expect(bench.stdout(), bench.stderr()).toMatch(/bound .* makespan .* ratio .* 0 wrong jobs/)
  expect(bench.stdout()).toMatch(/[1-9]\d* answered 503/)
  expect(end).toEqual({ code: 0, signal: null })
})
