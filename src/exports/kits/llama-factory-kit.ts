// Configuration files for LLaMA-Factory that point at an export, with the paper's hyper-parameters where it gives any (its
// training script for SFT; batch 32 as its text says).

import { stringify } from 'yaml'
import type { ExportSummary, TextFile } from '../export-format.ts'
import { datasetName } from '../formats/dataset-info.ts'
import { toReadme } from '../readme.ts'

const MODEL = 'Qwen/Qwen3-VL-8B-Instruct'

/** Full fine-tuning of the language model; vision tower and projector stay frozen. */
export function llamaFactorySftKit(summary: ExportSummary): TextFile[] {
  const method = {
    stage: 'sft',
    per_device_train_batch_size: 2,
    gradient_accumulation_steps: 2,
    learning_rate: 2.0e-5,
    weight_decay: 1.0e-6,
    save_steps: 1000,
    save_total_limit: 5,
  }
  return [
    { path: 'train_sft.yaml', text: toConfig(summary, method) },
    {
      path: 'README.md',
      text: toReadme(summary, [
        'Conversations for LLaMA-Factory: the user message is the template of the tagged form with the instruction and the last prompt in it, the answer is `<think>`, `<score>` and `<answer>`. The two pictures are the source and what the editor made of it.',
        toCommands(
          'train_sft.yaml',
          'Batch 32: 2 a device, 2 steps, 8 GPUs. On fewer GPUs raise `gradient_accumulation_steps`.',
        ),
      ]),
    },
  ]
}

/** DPO between prompts. The paper trains none, so its numbers are ours: the usual small learning rate. */
export function llamaFactoryRankingKit(summary: ExportSummary): TextFile[] {
  const method = {
    stage: 'dpo',
    pref_beta: 0.1,
    pref_loss: 'sigmoid',
    per_device_train_batch_size: 1,
    gradient_accumulation_steps: 4,
    learning_rate: 1.0e-6,
    save_steps: 200,
    save_total_limit: 5,
  }
  return [
    { path: 'train_dpo.yaml', text: toConfig(summary, method) },
    {
      path: 'README.md',
      text: toReadme(summary, [
        'Preferences for LLaMA-Factory (`ranking: true`): which of two prompts for the editor is the better one, by the pictures they made of the same source and instruction. `chosen` is the prompt whose picture a person preferred or a critic scored higher. Pairs whose pictures were made by the same words are left out: they say nothing of the words.',
        toCommands(
          'train_dpo.yaml',
          'Start from a model that already writes such prompts, such as one trained on steps of the same trajectories.',
        ),
      ]),
    },
  ]
}

function toConfig(summary: ExportSummary, method: Record<string, unknown>): string {
  const evaluated = summary.splits.map(({ split }) => split).find(split => split !== 'train')
  const trained = summary.splits.find(({ split }) => split === 'train') ?? summary.splits[0]
  return stringify({
    model_name_or_path: MODEL,
    trust_remote_code: true,
    image_max_pixels: 1_048_576,
    do_train: true,
    finetuning_type: 'full',
    freeze_vision_tower: true,
    freeze_multi_modal_projector: true,
    freeze_language_model: false,
    deepspeed: 'examples/deepspeed/ds_z3_config.json',
    dataset_dir: FOLDER,
    media_dir: FOLDER,
    dataset: datasetName(summary, trained?.split ?? 'train'),
    ...(evaluated !== undefined && evaluated !== trained?.split && { eval_dataset: datasetName(summary, evaluated) }),
    template: 'qwen3_vl',
    cutoff_len: 16_384,
    preprocessing_num_workers: 16,
    dataloader_num_workers: 4,
    output_dir: `${FOLDER}/saves`,
    logging_steps: 10,
    ...method,
    num_train_epochs: 1,
    lr_scheduler_type: 'cosine',
    warmup_ratio: 0.1,
    bf16: true,
    ddp_timeout: 180_000_000,
    report_to: 'none',
  })
}

/** Stands for the folder in which the export lies: where that will be, nobody knows when it is made. */
const FOLDER = 'EXPORT_FOLDER'

function toCommands(config: string, hint: string): string {
  return [
    '## Train',
    'In a checkout of LLaMA-Factory with its requirements installed; `EXPORT` is this folder:',
    [
      '```sh',
      'EXPORT=/path/to/this/folder',
      `sed -i "s|${FOLDER}|$EXPORT|g" "$EXPORT/${config}"`,
      `llamafactory-cli train "$EXPORT/${config}"`,
      '```',
    ].join('\n'),
    hint,
  ].join('\n\n')
}
