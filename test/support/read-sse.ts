/** One event of a stream: its name and its data lines. */
export type SseEvent = { event: string; data: string }

/** Calls `onEvent` for each event of a text/event-stream response; resolves when the server ends it. */
export async function readSse(response: Response, onEvent: (event: SseEvent) => void): Promise<void> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk, { stream: true })
    const blocks = rest.split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = block
        .split('\n')
        .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)])
      const valuesOf = (name: string) => fields.filter(([key]) => key === name).map(([, value]) => value?.trimStart())
      const event = valuesOf('event').join('')
      if (event) onEvent({ event, data: valuesOf('data').join('\n') })
    }
  }
}
