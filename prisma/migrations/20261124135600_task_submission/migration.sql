-- AlterEnum
ALTER TYPE "task_state" ADD VALUE 'UNCERTAIN';

-- AlterTable
ALTER TABLE "task" ADD COLUMN     "remote" TEXT,
ADD COLUMN     "submitted_at" TIMESTAMPTZ(3);

-- A value of an enum cannot be named in the transaction that adds it, so the ended states are those that are not live.
alter table task
  drop constraint task_ends_once,
  add constraint task_ends_once check ((state not in ('READY', 'DELAYED', 'LEASED')) = (ended_at is not null)),
  add constraint task_remote_was_submitted check (remote is null or submitted_at is not null);
