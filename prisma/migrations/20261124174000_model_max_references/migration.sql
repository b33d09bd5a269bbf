-- AlterTable
ALTER TABLE "model" ADD COLUMN     "max_references" INTEGER;
