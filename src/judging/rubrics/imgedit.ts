// ImgEdit-Bench: one call with three scores of 1-5, whose names and meanings hang on the kind of edit.

import { makeBenchmarkRubric, toFive } from '../make-benchmark-rubric.ts'

type Aspect = { name: string; asks: string }
type Kind = { task: string; aspects: readonly [Aspect, Aspect, Aspect] }

const natural = 'does what was changed sit in the picture as if it had always been there, in light, colour and edge?'
const physical = 'are perspective, shadow, scale and fine detail right, and is the rest untouched?'

const kinds: Record<string, Kind> = {
  add: {
    task: 'Something was to be put into the picture.',
    aspects: [
      { name: 'Prompt Compliance', asks: 'is it there: the right thing, number, place and look?' },
      { name: 'Visual Naturalness', asks: natural },
      { name: 'Physical & Detail Coherence', asks: physical },
    ],
  },
  adjust: {
    task: 'A property of something in the picture was to be changed.',
    aspects: [
      { name: 'Prompt Compliance', asks: 'has the right thing got the right property, to the degree that was meant?' },
      { name: 'Visual Seamlessness', asks: natural },
      { name: 'Physical & Detail Fidelity', asks: physical },
    ],
  },
  extract: {
    task: 'One thing was to be cut out of the picture and shown by itself.',
    aspects: [
      { name: 'Object Identity', asks: 'is it the thing that was asked for, whole and unchanged?' },
      { name: 'Mask Precision', asks: 'is the cut exact: nothing of it lost, nothing of its surroundings left?' },
      { name: 'Visual Quality', asks: 'is it as sharp and clean as in the picture, on a plain ground?' },
    ],
  },
  replace: {
    task: 'Something in the picture was to give way to something else.',
    aspects: [
      { name: 'Prompt Compliance', asks: 'is the old gone and the new there, of the right sort and in its place?' },
      { name: 'Visual Naturalness', asks: natural },
      { name: 'Physical & Detail Integrity', asks: physical },
    ],
  },
  remove: {
    task: 'Something was to be taken out of the picture.',
    aspects: [
      { name: 'Prompt Compliance', asks: 'is all of it gone, and nothing else?' },
      { name: 'Visual Naturalness', asks: 'does what fills the place belong there, without smears or repeats?' },
      { name: 'Physical & Detail Integrity', asks: physical },
    ],
  },
  background: {
    task: 'What lies behind the subject was to be changed.',
    aspects: [
      { name: 'Instruction Compliance', asks: 'is the background what was asked for, and the subject unchanged?' },
      { name: 'Visual Seamlessness', asks: natural },
      { name: 'Physical Consistency', asks: 'do light, perspective and scale of subject and background agree?' },
    ],
  },
  style: {
    task: 'The picture was to be shown in another style.',
    aspects: [
      { name: 'Style Fidelity', asks: 'is it plainly the style that was asked for, everywhere?' },
      { name: 'Content Preservation', asks: 'are all things and people still there, in their places?' },
      { name: 'Rendering Quality', asks: 'is it well made in that style, without damage?' },
    ],
  },
  action: {
    task: 'Somebody in the picture was to do something else.',
    aspects: [
      { name: 'Action Fidelity', asks: 'is it the pose or the action that was asked for?' },
      { name: 'Identity Preservation', asks: 'is it still the same being, in face, clothes and build?' },
      { name: 'Visual & Anatomical Coherence', asks: 'are limbs, joints and contact with the scene right?' },
    ],
  },
  compose: {
    task: 'Several changes were asked for at once.',
    aspects: [
      { name: 'Instruction Compliance', asks: 'was each of them made, and nothing besides?' },
      { name: 'Visual Naturalness', asks: natural },
      { name: 'Physical Consistency & Fine Detail', asks: physical },
    ],
  },
}

const toTemplate = ({
  task,
  aspects: [first, second, third],
}: Kind) => `You rate an edited picture. ${task} The first picture is the original, the second the result. The order was:
{instruction}

Rate three things, each with a whole number: 1 = failed, 2 = poor, 3 = passable, 4 = good with a small flaw, 5 = nothing to fault.
- ${first.name}: ${first.asks}
- ${second.name}: ${second.asks}
- ${third.name}: ${third.asks}
The second and the third number are never higher than the first: a fine picture of the wrong thing is no good result.

Answer with exactly four lines: one sentence on what you saw, then
${first.name}: n
${second.name}: n
${third.name}: n`

/** The call `rating`; a run's own templates are those of judge_prompt.json, by edit_type. */
export const imgeditRubric = makeBenchmarkRubric({
  ...{ benchmark: 'imgedit', calls: ['rating'], instructionMarks: ['<edit_prompt>'] },
  ...{ temperature: null, maxTokens: null, toScores: null },
  templates: Object.fromEntries(Object.entries(kinds).map(([type, kind]) => [type, toTemplate(kind)])),
  describe: (_call, item) => ({
    template: item.taskType,
    fields: {},
    images: [
      { of: 'source', label: '' },
      { of: 'edited', label: '' },
    ],
    preparation: 'stored',
  }),
  write(_call, { taskType }, { semantic, quality, reasoning }) {
    const first = toFive(semantic)
    const rest = Math.min(first, toFive(quality))
    const lines = (kinds[taskType]?.aspects ?? []).map(({ name }, i) => `${name}: ${i === 0 ? first : rest}`)
    // A line "Name: n" is read as a score.
    return [reasoning.replace(/\s+/g, ' ').replaceAll(': ', ', '), ...lines].join('\n')
  },
})
