-- AlterTable
ALTER TABLE "dataset_version" ADD COLUMN     "takes" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "export" ADD COLUMN     "takes" INTEGER NOT NULL DEFAULT 0;
