-- AlterTable
ALTER TABLE "worker" ADD COLUMN     "endpoint_ids" UUID[] DEFAULT ARRAY[]::UUID[];
