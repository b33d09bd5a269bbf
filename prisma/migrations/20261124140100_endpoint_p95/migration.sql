-- AlterTable
ALTER TABLE "endpoint" ADD COLUMN     "p95_seconds" DOUBLE PRECISION;
