import type { BackgroundWork } from '../background-work.ts'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import { buildVersion } from './build-version.ts'

/** The building of dataset versions, as work for `startBackgroundWork`. */
export function versionBuilds(db: Db): BackgroundWork {
  return {
    table: 'dataset_version',
    isUnfinished: sql`status = 'BUILDING'`,
    run: lease => buildVersion(db, lease),
    async fail({ id, owner }, { code, message }) {
      await db.query(sql`
        update dataset_version set status = 'FAILED', error_code = ${code}, error_message = ${message}, owner = null,
          lease_until = null
        where id = ${id}::uuid and owner = ${owner}::uuid and status = 'BUILDING'`)
    },
  }
}
