import { createRequire } from 'node:module'
import sharp from 'sharp'
import type { Pixels } from './apply-look.ts'
import type { CaptionClause } from './clause.ts'
import { toPixels, toSharp } from './raw-picture.ts'

// DejaVu Sans Bold comes with the package, so that captions look the same on a machine without any font.
const fontFile = createRequire(import.meta.url).resolve(
  '@fontsource/dejavu-sans/files/dejavu-sans-latin-700-normal.woff',
)

/** A rendered caption: RGBA text with its soft shadow, and where it goes on the picture. */
export type CaptionOverlay = { text: Pixels; left: number; top: number }

/** Renders a caption for a picture of this size: 6% of the shorter side high, broken into lines, within the margins. */
export async function renderCaption(clause: CaptionClause, width: number, height: number): Promise<CaptionOverlay> {
  const size = Math.max(6, Math.round(Math.min(width, height) * 0.06 * clause.size))
  const margin = Math.round(Math.min(width, height) * 0.04)
  const { r, g, b } = clause.color
  const hex = [r, g, b].map(value => value.toString(16).padStart(2, '0')).join('')
  const rendered = await sharp({
    text: {
      text: `<span foreground="#${hex}">${escapeMarkup(clause.text)}</span>`,
      font: `DejaVu Sans Bold ${size}px`,
      fontfile: fontFile,
      rgba: true,
      dpi: 72,
      width: Math.max(8, width - 2 * margin),
      wrap: 'word-char',
      align: clause.position.x === 'center' ? 'centre' : clause.position.x,
    },
  })
    .png()
    .toBuffer()
  const fitted = sharp(rendered).resize({ width: width, height: height, fit: 'inside', withoutEnlargement: true })
  const text = await toPixels(fitted.ensureAlpha())
  const within = (space: number, at: 'start' | 'middle' | 'end') =>
    Math.max(0, at === 'start' ? Math.min(margin, space) : at === 'end' ? space - margin : Math.round(space / 2))
  const x = { left: 'start', center: 'middle', right: 'end' } as const
  const y = { top: 'start', middle: 'middle', bottom: 'end' } as const
  return {
    text,
    left: within(width - text.width, x[clause.position.x]),
    top: within(height - text.height, y[clause.position.y]),
  }
}

/** Draws the caption with a soft shadow of the opposite lightness, so that it reads on any background. */
export async function drawCaption(pixels: Pixels, clause: CaptionClause): Promise<Pixels> {
  const { text, left, top } = await renderCaption(clause, pixels.width, pixels.height)
  const { r, g, b } = clause.color
  const shade = 0.299 * r + 0.587 * g + 0.114 * b > 110 ? 0 : 255
  const blurPx = Math.max(1, Math.round(Math.min(pixels.width, pixels.height) * 0.006))
  const shadow = new Uint8Array(text.data)
  for (let at = 0; at < shadow.length; at += 4) shadow.fill(shade, at, at + 3)
  const pad = 3 * blurPx
  const clear = { r: shade, g: shade, b: shade, alpha: 0 }
  const padded = await toPixels(
    toSharp({ ...text, data: shadow }).extend({ top: pad, bottom: pad, left: pad, right: pad, background: clear }),
  )
  const blurred = await toPixels(toSharp(padded).blur(blurPx))
  const [softLeft, softTop] = [Math.max(0, left - pad), Math.max(0, top - pad)]
  // A caption that fills the picture has a shadow that reaches beyond it.
  const soft = await toPixels(
    toSharp(blurred).extract({
      left: softLeft - (left - pad),
      top: softTop - (top - pad),
      width: Math.min(left + text.width + pad, pixels.width) - softLeft,
      height: Math.min(top + text.height + pad, pixels.height) - softTop,
    }),
  )
  const onPicture = await toPixels(
    toSharp({ ...emptyPixels(pixels) }).composite([
      { input: Buffer.from(soft.data), raw: rawOf(soft), left: softLeft, top: softTop },
      { input: Buffer.from(soft.data), raw: rawOf(soft), left: softLeft, top: softTop },
      { input: Buffer.from(text.data), raw: rawOf(text), left, top },
    ]),
  )
  const drawn = toSharp(pixels).composite([{ input: Buffer.from(onPicture.data), raw: rawOf(onPicture) }])
  return toPixels(pixels.channels === 4 ? drawn : drawn.removeAlpha())
}

const rawOf = ({ width, height }: Pixels) => ({ width, height, channels: 4 as const })

const emptyPixels = ({ width, height }: Pixels): Pixels => ({
  data: new Uint8Array(width * height * 4),
  width,
  height,
  channels: 4,
})

const escapeMarkup = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
