// LLaMA-Factory's sharegpt form for preferences (`ranking: true`): one user message, `chosen` and `rejected`.

import type { ExportFormat } from '../export-format.ts'
import { llamaFactoryRankingKit } from '../kits/llama-factory-kit.ts'
import { toPromptAnswers, toPromptQuestion } from '../prompt-preference.ts'
import { toDatasetInfo } from './dataset-info.ts'
import { isPair } from './is-kind.ts'
import { writeJsonArray } from './json-array.ts'

/** Preferences between prompts, for DPO of whoever writes them; pairs of one prompt with two seeds are left out. */
export const llamaFactoryRanking: ExportFormat = {
  name: 'LLAMA_FACTORY_RANKING',
  kinds: ['PAIR'],
  pictures: ['INCLUDED', 'NAMED'],
  subset: null,
  takesLines: false,
  usesTemplate: false,
  limits: { samples: 50_000, bytes: 256_000_000 },
  shardPath: (split, number) => `${split}/${String(number).padStart(5, '0')}.json`,
  open(sink, { place }) {
    const array = writeJsonArray(sink)
    return {
      async add(item) {
        if (!isPair(item)) return false
        const pair = item.content
        const answers = toPromptAnswers(pair)
        if (answers === null) return false
        await array.add({
          messages: [{ role: 'user', content: toPromptQuestion(pair) }],
          chosen: { role: 'assistant', content: answers.chosen },
          rejected: { role: 'assistant', content: answers.rejected },
          images: pair.source ? [place(pair.source)] : [],
        })
        return true
      },
      byteSize: array.byteSize,
      end: array.end,
    }
  },
  describe: summary => {
    const columns = { messages: 'messages', images: 'images', chosen: 'chosen', rejected: 'rejected' }
    return [{ path: 'dataset_info.json', text: toDatasetInfo(summary, columns) }, ...llamaFactoryRankingKit(summary)]
  },
}
