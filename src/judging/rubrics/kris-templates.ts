const scale = `The score is a whole number from 1 to 5. Answer with one JSON object and nothing around it:`

const one = (name: string) => `${scale}
{"${name}_score": n, "reasoning": "two or three sentences on what you saw"}`

const kept = `Look for changes that nobody asked for: things that came or went, moved, or got another shape, colour, text, face, light or sharpness. What the order calls for, and what follows from it, is no such change; whether it was done well is not your question here.
5: nothing else differs. 4: one small thing. 3: several small things or a plain one. 2: much of the picture. 1: another picture.`

const done = `5: all that was asked for is there, exactly. 4: there, with a small slip. 3: half of it, or it is vague. 2: an attempt that misses the point. 1: nothing of it, or the picture is as it was.
Whether other things changed too, and whether the picture is beautiful, is not your question here.`

/** Our own texts for KRIS-Bench, by the name of the file that replaces each. */
export const krisTemplates = {
  consistency: `You compare an original picture with an edited one. The order was:
{instruction}

How well was everything kept that the order does not touch?
${kept}

${one('consistency')}`,

  instruction: `You compare an original picture with an edited one. The order was:
{instruction}

How well was the order carried out?
${done}

${one('instruction')}`,

  'instruction-viewpoint': `You compare an original picture with one in which the scene should be seen from elsewhere. A third picture, the ground truth, shows the right answer. The order was:
{instruction}

How well was the order carried out? The ground truth counts: where it shows other sides, other parts hidden or another angle, the edited picture is wrong. Small differences of style do not matter.
${done}

${one('instruction')}`,

  dual: `You compare an original picture with an edited one. Whoever edits must know something of the world to carry out the order:
{instruction}

What has to be seen, and why:
{explain}

Give two scores from 1 to 5, both whole numbers.
"instruction_score": was done what the order says, as far as its words go? ${done}
"knowledge_score": is what the picture shows right, by the explanation and by what is known of the matter? 5: right in all that matters. 4: right, with a detail that is off. 3: half right. 2: mostly wrong. 1: wrong, or nothing of it can be seen.
An order that was not carried out shows no knowledge: where "instruction_score" is 1 or 2, "knowledge_score" is 1.

Answer with one JSON object and nothing around it:
{"instruction_score": n, "instruction_reasoning": "one or two sentences", "knowledge_score": n, "knowledge_reasoning": "one or two sentences"}`,

  quality: `You judge one picture that an image model has made, as a picture alone.

Is it sound? Look for melted or doubled shapes, wrong anatomy, garbled letters, seams, smears, noise, and for light and perspective that contradict each other. A drawing may be a drawing.
5: no flaw. 4: a flaw at second look. 3: flaws at first sight that do not spoil it. 2: badly damaged. 1: ruined.

${one('quality')}`,

  'consistency-multi': `Several pictures were given, and a new one was to be made of parts of them. The last picture is the result. The order was:
{instruction}

How faithful are the parts that were taken over to the pictures they come from, and is nothing there that neither the pictures nor the order call for?
5: every part is as in its picture. 4: one differs a little. 3: several differ a little or one plainly. 2: hardly recognisable. 1: nothing was taken over.

${one('consistency')}`,

  'instruction-multi': `Several pictures were given, and a new one was to be made of parts of them. The last picture is the result. The order was:
{instruction}

How well was the order carried out: the right parts of the right pictures, put together as it says?
${done}

${one('instruction')}`,

  'consistency-temporal': `Here are the four frames of a short sequence, in their order. Three of them were given; frame {frame} was made by an image model, by this order:
{instruction}

Does the frame that was made belong to the same sequence, in scene, style, people and things?
${kept}

${one('consistency')}`,

  'instruction-temporal': `Here are the four frames of a short sequence, in their order. Three of them were given; frame {frame} was made by an image model, by this order:
{instruction}

Does the frame that was made show what should happen at that moment, between or after what the others show?
${done}

${one('instruction')}`,
}
