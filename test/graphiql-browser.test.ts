import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import { storePicture } from '../src/images/store-image.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { findChromium, launchChromium } from './support/browser.ts'
import { noisePng } from './support/pictures.ts'
import { startTestServer, type TestServer } from './support/server.ts'

const chromium = findChromium()

describe.runIf(chromium)('GraphiQL in Chromium', { timeout: 90_000 }, () => {
  let server: TestServer
  let browser: Browser
  let page: Page
  const outside: string[] = []

  beforeAll(async () => {
    server = await startTestServer({ workers: 'in-process' })
    browser = await launchChromium(chromium ?? '')
    page = await browser.newPage()
    page.on('request', request => {
      const url = request.url()
      if (!url.startsWith(server.origin) && !/^(data|blob):/.test(url)) outside.push(url)
    })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  async function open(query?: string): Promise<void> {
    await page.goto(`${server.url}${query ? `?query=${encodeURIComponent(query)}` : ''}`)
    await page.locator('.graphiql-execute-button').waitFor()
  }

  /** The text of the answer's pane once it holds `text`. */
  async function answered(text: string): Promise<string> {
    const pane = page.locator('.result-window')
    await pane.getByText(text).first().waitFor({ timeout: 60_000 })
    return pane.innerText()
  }

  it('opens with the examples and runs the first, without a request to elsewhere', async () => {
    await open()
    expect(await page.title()).toBe('Pentimento')
    const tabs = await page.locator('.graphiql-tab').allInnerTexts()
    expect(tabs.map(tab => tab.trim()).filter(Boolean)).toEqual([
      ...['Models', 'StartEdit', 'StartGeneration', 'StartFill', 'Watch', 'Jobs'],
    ])
    await page.locator('.graphiql-execute-button').click()
    expect(await answered('builtin-retouch')).toMatch(/"isAvailable":\strue/)
    expect(outside).toEqual([])
  })

  it('fills in the variables of an example', async () => {
    await open()
    await page.locator('.graphiql-tab').getByText('StartEdit').click()
    await page.locator('.graphiql-editor-tool').getByText('sourceId').waitFor()
    expect(await page.locator('.graphiql-editor-tool').innerText()).toMatch(/the\sid\sof\san\sImage/)
  })

  it('follows a job live', async () => {
    const { tenantId } = await loadLocalCaller(server.db)
    const image = await storePicture(server.deps.images, tenantId, await noisePng(64, 48))
    const start = `mutation ($sourceId: ID!) {
      startEdit(input: { sourceId: $sourceId, instruction: "make it brighter", settings: { maxRounds: 1 } }) {
        ... on StartEditSuccess { job { id } }
      }
    }`
    const sourceId = encodeGlobalId('Image', image.id)
    const { data } = await server.query<{ startEdit: { job: { id: string } } }>(start, { sourceId })
    await open(`subscription { jobEvents(jobId: "${data?.startEdit.job.id}") { __typename seq } }`)
    await page.locator('.graphiql-execute-button').click()
    await answered('JobFinished')
    expect(outside).toEqual([])
  })

  it('is not sent again to a browser that has it', async () => {
    const first = await fetch(server.url, { headers: { accept: 'text/html' } })
    const etag = first.headers.get('etag') ?? ''
    const second = await fetch(server.url, { headers: { accept: 'text/html', 'if-none-match': etag } })
    expect([first.status, second.status]).toEqual([200, 304])
    expect(first.headers.get('x-frame-options')).toBe('DENY')
  })
})
