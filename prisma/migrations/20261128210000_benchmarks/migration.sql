-- CreateTable
CREATE TABLE "job_picture" (
    "job_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "image_id" UUID NOT NULL,

    CONSTRAINT "job_picture_pkey" PRIMARY KEY ("job_id","name")
);

-- CreateTable
CREATE TABLE "benchmark_run" (
    "id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,
    "label" TEXT NOT NULL,
    "benchmark" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "editor" TEXT NOT NULL,
    "thinker" TEXT,
    "settings" JSONB NOT NULL,
    "variant" TEXT,
    "by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "benchmark_run_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "job_picture_image_id_idx" ON "job_picture"("image_id");

-- CreateIndex
CREATE INDEX "benchmark_run_tenant_id_id_idx" ON "benchmark_run"("tenant_id", "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "benchmark_run_tenant_id_label_key" ON "benchmark_run"("tenant_id", "label");

-- AddForeignKey
ALTER TABLE "job_picture" ADD CONSTRAINT "job_picture_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job_picture" ADD CONSTRAINT "job_picture_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "image"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "benchmark_run" ADD CONSTRAINT "benchmark_run_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
