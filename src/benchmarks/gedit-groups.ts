/** The groups of GEdit-Bench, in the order of the authors' tables. */
export const geditGroups = [
  'background_change',
  'color_alter',
  'material_alter',
  'motion_change',
  'ps_human',
  'style_change',
  'subject-add',
  'subject-remove',
  'subject-replace',
  'text_change',
  'tone_transfer',
] as const
