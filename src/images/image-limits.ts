/** What a picture may cost before it is refused. */
export type ImageLimits = {
  maxBytes: number
  /** Width x height of the first frame. */
  maxPixels: number
  maxFrames: number
  /** Of decoding and encoding together; at least 1. */
  maxSeconds: number
}

/** 50 MB, 50 megapixels, 1,000 frames, 30 s. */
export const defaultImageLimits: ImageLimits = {
  maxBytes: 50_000_000,
  maxPixels: 50_000_000,
  maxFrames: 1_000,
  maxSeconds: 30,
}
