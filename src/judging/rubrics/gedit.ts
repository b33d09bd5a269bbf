// GEdit-Bench: two calls, each with two scores of 0-10 of which the smaller counts.

import { z } from 'zod'
import { makeBenchmarkRubric } from '../make-benchmark-rubric.ts'

const form = (first: string, second: string) => `First look, then decide. Both scores are whole numbers from 0 to 10.
Answer with one JSON object and nothing around it:
{"score": [${first}, ${second}], "reasoning": "two or three sentences on what you saw"}`

const templates = {
  semantic: `You check the work of an image editor. The first picture is the one that was to be changed, the second is what came back. The order was:
{instruction}

Give two scores.
"done": how far the order was carried out. 0: not at all. 3: something was tried and missed. 5: half of it. 8: all of it, with a slip. 10: exactly, as strongly and in the place that was meant.
"kept": how far everything else stayed as it was. 0: another scene altogether. 5: it is the same scene, but much was changed that nobody asked for. 8: small changes on the side. 10: nothing differs that the order does not call for. An order that touches the whole picture, such as another style, allows for changes everywhere, yet what is shown must remain recognisable.
A picture that is the same as before has 0 for "done".

${form('done', 'kept')}`,
  quality: `You check pictures that an image model has made. Judge this one as a picture, whatever it was meant to show.

Give two scores.
"natural": does it hold together as a scene? Look at light and shadow, perspective, sizes and the way things touch. 0: nothing fits. 5: plainly put together. 8: wrong only at a second look. 10: as if it had been seen. What is a drawing or a fantasy need not look real, only consistent.
"clean": is it free of damage? Look for melted or doubled shapes, wrong hands and faces, broken letters, seams, smears, blotches and noise. 0: ruined. 5: damage at first sight. 8: a small flaw. 10: none.

${form('natural', 'clean')}`,
}

const answerRule = z.object({ scores: z.array(z.number()).min(1), reasoning: z.string().nullable() })

/** Calls `semantic` (source and edited) and `quality` (edited). Its critique has the smaller score of each. */
export const geditRubric = makeBenchmarkRubric({
  ...{ benchmark: 'gedit', calls: ['semantic', 'quality'], templates, instructionMarks: ['<instruction>'] },
  ...{ temperature: null, maxTokens: 1_400 },
  describe: call => ({
    template: call,
    fields: {},
    images: [...(call === 'semantic' ? [{ of: 'source', label: '' } as const] : []), { of: 'edited', label: '' }],
    preparation: 'sourceSize',
  }),
  write(call, _item, { semantic, quality, reasoning }) {
    const score = Math.round(call === 'semantic' ? semantic : quality)
    return JSON.stringify({ score: [score, score], reasoning })
  },
  toScores(answers) {
    const [semantic, quality] = answers.map(answer => answerRule.parse(answer))
    const lowest = (scores: readonly number[] = []) => Math.min(10, ...scores)
    return {
      semantic: lowest(semantic?.scores),
      quality: lowest(quality?.scores),
      reasoning: semantic?.reasoning ?? null,
    }
  },
})
