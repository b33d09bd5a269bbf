import type { Editor, Thinker } from './engine.ts'

/** The builtin engines of one process. `close` ends their thread; a later call starts it again. */
export type BuiltinEngines = { editor: Editor; thinker: Required<Thinker>; close(): Promise<void> }

/** Loads the builtin editor and critic with their first call: a worker that only drives servers never does. */
export function makeBuiltinEngines(): BuiltinEngines {
  let loaded: Promise<BuiltinEngines> | undefined
  const load = () => {
    loaded ??= loadEngines()
    return loaded
  }
  return {
    editor: { edit: async (request, signal) => (await load()).editor.edit(request, signal) },
    thinker: {
      critique: async (request, signal) => (await load()).thinker.critique(request, signal),
      polish: async (request, signal) => (await load()).thinker.polish(request, signal),
      judge: async (request, signal) => (await load()).thinker.judge(request, signal),
    },
    close: async () => (await loaded)?.close(),
  }
}

async function loadEngines(): Promise<BuiltinEngines> {
  const [{ builtinCritic }, { builtinEditor }, { makePixelThread }] = await Promise.all([
    import('./builtin/critic.ts'),
    import('./builtin/editor.ts'),
    import('./builtin/pixel-thread.ts'),
  ])
  const thread = makePixelThread()
  return { editor: builtinEditor({ thread }), thinker: builtinCritic({ thread }), close: () => thread.close() }
}
