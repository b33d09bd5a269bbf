-- AlterTable
ALTER TABLE "job" ADD COLUMN     "wanted_height" INTEGER,
ADD COLUMN     "wanted_width" INTEGER;

-- Only what is made from words alone has no size of its own to go by.
alter table job
  add constraint job_wanted_size_fits check (
    (wanted_width is null and wanted_height is null)
    or (kind = 'GENERATE' and wanted_width between 64 and 4096 and wanted_height between 64 and 4096));
