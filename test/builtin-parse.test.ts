import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Clause } from '../workers/engines/builtin/clause.ts'
import { formatClauses } from '../workers/engines/builtin/format-clauses.ts'
import { parseInstruction } from '../workers/engines/builtin/parse-instruction.ts'
import { anyClauses, anyInstruction, heavyTexts } from './support/instruction-arbitrary.ts'

const read = (text: string) => formatClauses(parseInstruction(text).clauses)

describe('what is asked is read as clauses', () => {
  it.each([
    // Words for degree, in steps of the plain amount.
    ['Make it brighter', 'brightness +8 points'],
    ['slightly brighter', 'brightness +4 points'],
    ['much brighter', 'brightness +16 points'],
    ['a tiny bit greener', 'tint towards green +3.5 points'],
    ['Take the warmth down a notch', 'warmth -4 points'],
    ['blur it', 'sharpness -75%'],
    ['soften it', 'sharpness -50%'],
    ['twice as bright', 'brightness +96%'],
    // Numbers with their units.
    ['Increase brightness by 30%', 'brightness +30%'],
    ['brightness: +10', 'brightness +10%'],
    ['Brighten by a factor of 1.3', 'brightness +30%'],
    ['Drop the saturation to half', 'saturation -50%'],
    ['lower the saturation by a third', 'saturation -33.33%'],
    ['reduce the exposure by two thirds of a stop', 'exposure -0.6667 stops'],
    ['+1.5 EV', 'exposure +1.5 stops'],
    ['Pull the highlights down by 10', 'highlights -10 points'],
    ['blur with a radius of 4 px', 'blur 4 px'],
    // Several clauses, in any order, sharing words where people do.
    ['brighter and a bit warmer, then crop to a square', 'brightness +8 points, warmth +4 points, crop to 1:1'],
    ['Increase brightness and contrast by 20%', 'brightness +20%, contrast +20%'],
    ['Lower contrast, higher saturation', 'contrast -12%, saturation +25%'],
    ['20% brighter, 10% less contrast', 'brightness +20%, contrast -10%'],
    ['much warmer and brighter', 'warmth +16 points, brightness +16 points'],
    ['warmer and much brighter', 'warmth +8 points, brightness +16 points'],
    ['increase vibrance by +20, contrast -10', 'saturation +20%, contrast -10%'],
    // Both spellings, synonyms.
    ['Desaturate the colours', 'saturation -25%'],
    ['convert to greyscale', 'black and white'],
    ['convert to grayscale', 'black and white'],
    ['posterise to 5 levels', 'posterize to 5 levels'],
    ['lose the colour', 'black and white'],
    ['remove about half of the colour', 'saturation -50%'],
    ['rotate the hue by 30 degrees', 'hue +30 degrees'],
    ['deeper blacks', 'shadows -8 points'],
    ['a faded vintage look', 'contrast -9.142%, saturation -19.41%'],
    // What is wrong asks for its opposite.
    ['The picture is too dark, please fix that', 'brightness +8 points'],
    ['not bright enough', 'brightness +8 points'],
    ['The photo seems too blue, warm it by 6 points', 'tint towards blue -10 points, warmth +6 points'],
    ['a bit too green', 'tint towards green -10 points'],
    ['it is too gray', 'saturation +25%'],
    ['The photo is dark and blurry', 'brightness +8 points, sharpness +40%'],
    ['The colours look washed out. Make them more vibrant.', 'saturation +25%'],
    ['It looks flat; give it 15% more contrast', 'contrast +15%'],
    ['it is too warm, cool it a little', 'warmth -4 points'],
    ['make it look washed out', 'saturation -25%'],
    ['make it dark', 'brightness -18%'],
    ["make it so that it's dark", 'brightness -18%'],
    ['brighten it up since it looks dark', 'brightness +8 points'],
    // The picture's shape.
    ['rotate a quarter turn counter-clockwise', 'rotate 90 degrees counterclockwise'],
    ['turn it upside down', 'rotate 180 degrees clockwise'],
    ['mirror it', 'flip horizontally'],
    ['crop to 16:9', 'crop to 16:9'],
    ['Cut 20 pixels from the left', 'crop 20 px off the left'],
    ['zoom in on the middle 60%', 'crop to 60%'],
    ['resize to 800x600', 'resize to 800x600 px'],
    ['scale it down to 200 px wide', 'resize to 200 px wide'],
    ['a thin black border', 'border 1.5% black'],
    ['pixelate', 'pixelate 2.4%'],
    ['pixelated, in 8 px blocks', 'pixelate 8 px'],
    // Captions keep their wording, whatever it says.
    ['put the words "Good morning" at the top in yellow', 'caption "Good morning" at the top center in yellow'],
    ["caption 'Make it brighter'", 'caption "Make it brighter" at the bottom center in white'],
    ["Write “She said 'no'” bottom left", 'caption "She said \'no\'" at the bottom left in white'],
  ])('%s', (text, clauses) => {
    expect(read(text)).toBe(clauses)
  })
})

describe('what is to stay is kept', () => {
  it.each([
    ['sharper, but keep the colours', 'sharpness +40%', ['color']],
    ["Don't change the colours, only make it sharper", 'sharpness +40%', ['color']],
    ['boost the saturation without changing the brightness or contrast', 'saturation +25%', ['brightness', 'contrast']],
    ['warmer, leave the brightness as it is', 'warmth +8 points', ['brightness']],
    ['black and white without cropping', 'black and white', ['size']],
    ['do not make it brighter', '', ['brightness']],
    ['no vignette, just warmer', 'warmth +8 points', []],
  ])('%s', (text, clauses, kept) => {
    const instruction = parseInstruction(text)
    expect(formatClauses(instruction.clauses)).toBe(clauses)
    expect(instruction.kept).toEqual(kept)
    expect(instruction.unknown).toEqual([])
  })
})

describe('what cannot be done is listed with its reason', () => {
  it.each([
    ['Add a dragon', '', ['Add a dragon']],
    ['make the sky stormy, keep the boat', '', ['make the sky stormy']],
    ['make the sky bluer and the picture warmer', 'warmth +8 points', ['make the sky bluer']],
    [
      'brighter, and remove the person in the background',
      'brightness +8 points',
      ['remove the person in the background'],
    ],
    ['swap the red and blue', '', ['swap the red', 'blue']],
    ['change the contrast', '', ['change the contrast']],
    ['remove the caption', '', ['remove the caption']],
    ['crop it', '', ['crop it']],
    ['replace the sky with a beach, with more contrast', 'contrast +12%', ['replace the sky with a beach']],
    ['brighter like a summer morning', 'brightness +8 points', ['like a summer morning']],
  ])('%s', (text, clauses, unknown) => {
    const instruction = parseInstruction(text)
    expect(formatClauses(instruction.clauses)).toBe(clauses)
    expect(instruction.unknown.map(each => each.text)).toEqual(unknown)
    for (const { reason } of instruction.unknown) expect(reason).toMatch(/^\p{Ll}.{12,}[^.]$/u)
  })

  it('asks for nothing and says nothing about an empty text', () => {
    for (const text of ['', '   ', '\n\n', '.,;!'])
      expect(parseInstruction(text)).toEqual({ clauses: [], kept: [], unknown: [] })
  })
})

it('a prompt written from clauses is read as the same clauses', () => {
  const key = (clauses: Clause[]) => formatClauses(clauses)
  fc.assert(
    fc.property(anyClauses, clauses => {
      const prompt = parseInstruction(key(clauses))
      expect(key(prompt.clauses)).toBe(key(clauses))
      expect(prompt.clauses.map(each => each.kind)).toEqual(clauses.map(each => each.kind))
      expect(prompt.unknown).toEqual([])
    }),
    { numRuns: 400 },
  )
})

it('no text of up to 8,000 characters makes it throw, and its answer is bounded', () => {
  fc.assert(
    fc.property(anyInstruction, text => {
      const { clauses, kept, unknown } = parseInstruction(text)
      expect(clauses.length).toBeLessThanOrEqual(24)
      expect(kept.length).toBeLessThanOrEqual(5)
      expect(unknown.length).toBeLessThanOrEqual(13)
      for (const { text: words } of unknown) expect(words.length).toBeLessThanOrEqual(80)
      for (const clause of clauses)
        if (clause.kind === 'graded') expect(Number.isFinite(clause.amount), formatClauses([clause])).toBe(true)
    }),
    { numRuns: 300 },
  )
})

it('reading time grows with the length of the text and no faster', () => {
  const cpuOf = (text: string) => {
    const start = process.cpuUsage()
    parseInstruction(text)
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  }
  const total = (length: number) => heavyTexts(length).reduce((sum, text) => sum + cpuOf(text), 0)
  total(4000)
  const [short, long] = [total(2000), total(8000)]
  // Four times the text; quadratic reading would take sixteen times as long.
  expect(long).toBeLessThan(Math.max(10 * short, 200))
})
