// A configuration file for the paper's trainer (a fork of EasyR1) that points at an export, with the values of its script.

import { stringify } from 'yaml'
import { critiqueTagged } from '../../thinker/critique-tagged.ts'
import type { ExportSummary, TextFile } from '../export-format.ts'
import { toReadme } from '../readme.ts'
import { withPictures } from '../tagged-step.ts'

/** GRPO as the paper's script sets it: 8 answers a prompt, no KL term, the vision tower trained too. */
export function easyR1Kit(summary: ExportSummary): TextFile[] {
  const file = summary.splits.find(({ split }) => split === 'train')?.files[0] ?? summary.splits[0]?.files[0] ?? ''
  return [
    { path: 'prompt_template.txt', text: withPictures(summary.options.template ?? critiqueTagged, 2) },
    { path: 'easyr1.yaml', text: toConfig(`${FOLDER}/${file}`, `${summary.dataset.name}_v${summary.dataset.version}`) },
    {
      path: 'README.md',
      text: toReadme(summary, [
        'Reinforcement-learning records for the trainer of the EditThinker paper, a fork of EasyR1: the instruction, the prompt of the last round, both pictures, and the scores of the edited picture as `evaluation`.',
        '`prompt_template.txt` is what the trainer fills for each record. A thinker that was trained on another text needs that very text: export again with `--template FILE`.',
        COMMANDS,
      ]),
    },
  ]
}

function toConfig(trainFile: string, name: string): string {
  return stringify({
    data: {
      train_files: trainFile,
      val_files: null,
      answer_key: 'evaluation',
      image_dir: FOLDER,
      format_prompt: `${FOLDER}/prompt_template.txt`,
      max_prompt_length: 16_384,
      max_response_length: 4_096,
      rollout_batch_size: 16,
      shuffle: true,
      seed: 1,
      min_pixels: 3_136,
      max_pixels: 1_048_576,
      filter_overlong_prompts: false,
    },
    algorithm: { adv_estimator: 'grpo', disable_kl: true, online_filtering: false },
    worker: {
      actor: {
        global_batch_size: 8,
        micro_batch_size_per_device_for_update: 1,
        micro_batch_size_per_device_for_experience: 1,
        max_grad_norm: 1.0,
        padding_free: true,
        model: {
          model_path: 'path/to/the/model/after/sft',
          enable_gradient_checkpointing: true,
          freeze_vision_tower: false,
        },
        optim: { lr: 2.0e-6, weight_decay: 0.01, strategy: 'adamw_bf16', lr_warmup_ratio: 0.0 },
        fsdp: { torch_dtype: 'bf16' },
      },
      rollout: {
        n: 8,
        temperature: 1.0,
        top_p: 1.0,
        gpu_memory_utilization: 0.5,
        tensor_parallel_size: 4,
        limit_images: 2,
      },
      reward: { reward_function: 'path/to/the/reward.py:compute_score' },
    },
    trainer: {
      total_epochs: 1,
      project_name: 'editthinker',
      experiment_name: name,
      n_gpus_per_node: 8,
      nnodes: 1,
      val_freq: -1,
      val_before_train: false,
      save_freq: 50,
      save_checkpoint_path: `${FOLDER}/checkpoints`,
    },
  })
}

/** Stands for the folder in which the export lies. */
const FOLDER = 'EXPORT_FOLDER'

const COMMANDS = `## Train

In a checkout of the trainer with its requirements installed; \`EXPORT\` is this folder:

\`\`\`sh
EXPORT=/path/to/this/folder
sed -i "s|${FOLDER}|$EXPORT|g" "$EXPORT/easyr1.yaml"
python3 -m verl.trainer.main config="$EXPORT/easyr1.yaml" \\
  worker.actor.model.model_path=/path/to/the/model/after/sft \\
  worker.reward.reward_function=/path/to/the/reward.py:compute_score
\`\`\`

The reward applies each refined prompt by an editor and scores the picture, so it needs an editor service and a judge.`
