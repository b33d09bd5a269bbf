/** The categories of RISEBench, in the order of the paper's table. */
export const riseCategories = [
  'temporal_reasoning',
  'causal_reasoning',
  'spatial_reasoning',
  'logical_reasoning',
] as const

/** The subtasks of RISEBench with the prefix that the authors' table names their category by, in its order. */
export const riseSubtasks: readonly { prefix: string; subtask: string }[] = [
  ...['Life Progression', 'Material Progression', 'Environmental Cycles', 'Societal Transformation'].map(of('Temp')),
  ...[
    ...['Structural Deformation', 'State Transition', 'Chemical and Biological Transformation'],
    'Physics Manifestation',
  ].map(of('Causal')),
  ...[
    ...['Component Assembly', 'Object Arrangement', 'Viewpoint Generation', 'Structural Inference'],
    'Layout Reasoning',
  ].map(of('Spa')),
  ...['Pattern Prediction', 'Mathematical Derivation', 'Puzzle Solving'].map(of('Logic')),
]

function of(prefix: string) {
  return (subtask: string) => ({ prefix, subtask })
}
