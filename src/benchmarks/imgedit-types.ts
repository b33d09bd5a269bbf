/** The kinds of edit in ImgEdit-Bench, as the items name them and in the order of the paper's table, where "compose" is called Hybrid. */
export const imgeditTypes = [
  'add',
  'adjust',
  'extract',
  'replace',
  'remove',
  'background',
  'style',
  'compose',
  'action',
] as const
