/** The benchmark that the script's result came from, told by its folder and task type; null: none that is known. */
export function findBenchmark(folders: readonly string[], task: string | null): string | null {
  if (folders.includes('fullset')) return 'gedit'
  if (folders.includes('gen_image')) return 'imgedit'
  if (task !== null && riseCategories.has(task)) return 'rise'
  return task !== null && krisTypes.has(task) ? 'kris' : null
}

const riseCategories = new Set(['temporal_reasoning', 'causal_reasoning', 'spatial_reasoning', 'logical_reasoning'])
const krisTypes = new Set([
  ...['count_change', 'color_change', 'size_adjustment', 'part_completion', 'anomaly_correction', 'position_movement'],
  ...['viewpoint_change', 'temporal_prediction', 'humanities', 'practical_knowledge', 'biology', 'chemistry'],
  ...['geography', 'medicine', 'mathematics', 'physics', 'abstract_reasoning', 'rule-based_reasoning'],
  ...['multi-element_composition', 'multi-instruction_execution'],
])
