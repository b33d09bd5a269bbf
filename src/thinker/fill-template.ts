/**
 * A template of the tagged form with the instruction and the prompt in the places of {original_instruction} and
 * {rewritten_prompt}. In one pass: a placeholder inside the user's own words stays as it is.
 */
export function fillTemplate(
  template: string,
  { instruction, prompt }: { instruction: string; prompt: string },
): string {
  return template.replace(/\{(original_instruction|rewritten_prompt)\}/g, (_, name) =>
    name === 'original_instruction' ? instruction : prompt,
  )
}
