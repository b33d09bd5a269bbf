// How KRIS-Bench groups its categories. Facts of its authors; the order is that of their tables.

/** A group: the categories in it, its kind of knowledge, and whether its items are asked about plausible knowledge too. */
export type KrisGroup = {
  name: string
  title: string
  categories: readonly string[]
  knowledge: 'factual' | 'conceptual' | 'procedural'
  isKnowledgeScored: boolean
}

/** The seven groups. */
export const krisGroups: readonly KrisGroup[] = [
  {
    ...{ name: 'attribute', title: 'Attribute', knowledge: 'factual', isKnowledgeScored: false },
    categories: ['count_change', 'color_change', 'size_adjustment', 'part_completion', 'anomaly_correction'],
  },
  {
    ...{ name: 'spatial', title: 'Spatial', knowledge: 'factual', isKnowledgeScored: false },
    categories: ['viewpoint_change', 'position_movement'],
  },
  {
    ...{ name: 'temporal', title: 'Temporal', knowledge: 'factual', isKnowledgeScored: false },
    categories: ['temporal_prediction'],
  },
  {
    ...{ name: 'social', title: 'Social', knowledge: 'conceptual', isKnowledgeScored: true },
    categories: ['humanities', 'practical_knowledge'],
  },
  {
    ...{ name: 'natural', title: 'Natural', knowledge: 'conceptual', isKnowledgeScored: true },
    categories: ['biology', 'chemistry', 'geography', 'medicine', 'mathematics', 'physics'],
  },
  {
    ...{ name: 'logical', title: 'Logical', knowledge: 'procedural', isKnowledgeScored: true },
    categories: ['abstract_reasoning', 'rule-based_reasoning'],
  },
  {
    ...{ name: 'instruction', title: 'Instruction', knowledge: 'procedural', isKnowledgeScored: false },
    categories: ['multi-element_composition', 'multi-instruction_execution'],
  },
]

/** Every category. */
export const krisCategories: readonly string[] = krisGroups.flatMap(group => group.categories)

/** The group of a category; null: KRIS-Bench has no such category. */
export function findKrisGroup(category: string): KrisGroup | null {
  return krisGroups.find(group => group.categories.includes(category)) ?? null
}
