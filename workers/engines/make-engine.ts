import { type FleetModel, isThinker } from '../fleet/fleet.ts'
import { asyncJobEditor } from './async-job.ts'
import { comfyuiEditor } from './comfyui.ts'
import { comfyClient } from './comfyui-server.ts'
import { editthinkerEditor, probeEditthinker } from './editthinker.ts'
import type { Editor, Thinker } from './engine.ts'
import type { HttpClient } from './http.ts'
import { openaiChatThinker } from './openai-chat.ts'
import { openaiImagesEditor } from './openai-images.ts'
import { probeModels, probeServer } from './openai-request.ts'

/** One endpoint's engine. `probe` rejects while its server does not answer; null: there is no server to ask. */
export type Engine = {
  editor: Editor | null
  thinker: Thinker | null
  probe: ((signal: AbortSignal) => Promise<void>) | null
}

/** What engines of one process share. */
export type EngineDeps = { http: HttpClient; builtin: { editor: Editor; thinker: Thinker } }

/** The engine of a fleet entry at one of its URLs. */
export function makeEngine({ http, builtin }: EngineDeps, { settings, kinds }: FleetModel, url: string): Engine {
  switch (settings.engine) {
    case 'builtin':
      return isThinker({ kinds })
        ? { editor: null, thinker: builtin.thinker, probe: null }
        : { editor: builtin.editor, thinker: null, probe: null }
    case 'openai-images': {
      const server = { ...settings, baseUrl: url }
      return {
        editor: openaiImagesEditor(http, server),
        thinker: null,
        probe: signal => probeServer(http, server, signal),
      }
    }
    case 'editthinker': {
      const server = { ...settings, baseUrl: url }
      return {
        editor: editthinkerEditor(http, server),
        thinker: null,
        probe: signal => probeEditthinker(http, server, signal),
      }
    }
    case 'comfyui': {
      const server = { ...settings, baseUrl: url }
      return {
        editor: comfyuiEditor(http, server),
        thinker: null,
        probe: signal => comfyClient(http, server).probe(signal),
      }
    }
    case 'async-job':
      return {
        editor: asyncJobEditor(http, { ...settings, baseUrl: url }),
        thinker: null,
        // Whatever it answers to that, it is there.
        probe: signal => probeModels(http, { baseUrl: url, key: null }, signal),
      }
    case 'openai-chat': {
      const server = { ...settings, baseUrl: url }
      return {
        editor: null,
        thinker: openaiChatThinker(http, server),
        probe: signal => probeServer(http, server, signal),
      }
    }
    default:
      return settings satisfies never
  }
}
