import sharp, { type Sharp } from 'sharp'
import type { DecodeGate } from './decode-gate.ts'

/**
 * A picture as the script of a benchmark sends it. `stored`: the file as it is. `jpeg`: in that quality, in exactly `size`
 * or scaled down to fit within `box` px squared. `under`: the file where its base64 takes no more than so many bytes, else
 * the first JPEG that does of qualities 85 to 45, then of 0.9 to 0.3 of its sides in quality 65, the last in any case.
 */
export type PictureForm =
  | { form: 'stored' }
  | { form: 'jpeg'; quality: number; size?: { width: number; height: number }; box?: number }
  | { form: 'under'; base64Bytes: number }

type File = { bytes: Buffer; contentType: string }

/** The picture in that form. `width` and `height` are the stored image's. */
export async function formPicture(
  deps: { gate: DecodeGate },
  { bytes, contentType, ...own }: File & { width: number; height: number },
  form: PictureForm,
): Promise<File> {
  switch (form.form) {
    case 'stored':
      return { bytes, contentType }
    case 'jpeg': {
      const { size, box, quality } = form
      return await deps.gate(() => toJpeg(resize(open(bytes), { size, box }), quality))
    }
    case 'under': {
      if (base64Size(bytes) <= form.base64Bytes) return { bytes, contentType }
      return await deps.gate(() => shrink(bytes, own, form.base64Bytes))
    }
  }
  form satisfies never
}

async function shrink(bytes: Buffer, own: { width: number; height: number }, limit: number): Promise<File> {
  for (const quality of [85, 75, 65, 55, 45]) {
    const file = await toJpeg(open(bytes), quality)
    if (base64Size(file.bytes) <= limit) return file
  }
  for (const tenths of [9, 8, 7, 6, 5, 4, 3]) {
    const scaled = (side: number) => Math.max(1, Math.floor((side * tenths) / 10))
    const size = { width: scaled(own.width), height: scaled(own.height) }
    const file = await toJpeg(resize(open(bytes), { size }), 65)
    if (base64Size(file.bytes) <= limit || tenths === 3) return file
  }
  throw new Error('There is always a last scale.')
}

// The scripts drop transparency, they do not paint anything behind it.
function open(bytes: Buffer): Sharp {
  return sharp(bytes, { sequentialRead: true }).removeAlpha()
}

type Resizing = { size?: { width: number; height: number } | undefined; box?: number | undefined }

function resize(image: Sharp, { size, box }: Resizing): Sharp {
  if (size) return image.resize({ ...size, fit: 'fill', kernel: 'cubic' })
  return box ? image.resize({ width: box, height: box, fit: 'inside', withoutEnlargement: true }) : image
}

async function toJpeg(image: Sharp, quality: number): Promise<File> {
  return { bytes: await image.jpeg({ quality }).toBuffer(), contentType: 'image/jpeg' }
}

function base64Size(bytes: Buffer): number {
  return Math.ceil(bytes.length / 3) * 4
}
