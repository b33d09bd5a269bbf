/** A plain 24-bit BMP (BITMAPINFOHEADER, rows from the bottom) of RGBA pixels; alpha is dropped. */
export function encodeBmp(rgba: Buffer, width: number, height: number): Buffer {
  const rowBytes = Math.ceil((width * 3) / 4) * 4
  const file = Buffer.alloc(54 + rowBytes * height)
  file.write('BM', 'latin1')
  file.writeUInt32LE(file.length, 2)
  file.writeUInt32LE(54, 10)
  file.writeUInt32LE(40, 14)
  file.writeInt32LE(width, 18)
  file.writeInt32LE(height, 22)
  file.writeUInt16LE(1, 26)
  file.writeUInt16LE(24, 28)
  file.writeUInt32LE(rowBytes * height, 34)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 4
      const to = 54 + (height - 1 - y) * rowBytes + x * 3
      for (let channel = 0; channel < 3; channel++) file[to + channel] = rgba[from + 2 - channel] ?? 0
    }
  }
  return file
}
