//! Reads the routing machine.

use std::collections::BTreeMap;

use convene_runtime::ports::store::{StoreResult, TENANT};
use sqlx::{PgPool, Row};

use crate::error::store_error;

/// Version (0 before its first step) and all records, as of one moment.
pub(crate) async fn routing(pool: &PgPool) -> StoreResult<(i64, BTreeMap<String, String>)> {
    let rows = sqlx::query(
        "select coalesce(h.version, 0) as version, r.key, r.body
        from (select $1::text as tenant) t
        left join routing_head h on h.tenant = t.tenant
        left join routing_record r on r.tenant = t.tenant",
    )
    .bind(TENANT)
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    let mut version = 0;
    let mut records = BTreeMap::new();
    for row in &rows {
        version = row.try_get("version").map_err(store_error)?;
        let key: Option<String> = row.try_get("key").map_err(store_error)?;
        let body: Option<String> = row.try_get("body").map_err(store_error)?;
        if let (Some(key), Some(body)) = (key, body) {
            records.insert(key, body);
        }
    }
    Ok((version, records))
}
