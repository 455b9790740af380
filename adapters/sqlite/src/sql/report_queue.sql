-- ?2 is a JSON list of rows whose names are the columns. Values are cut to the width of their column.
insert into queue (
    tenant, queue_id, queue_name, sl_type, sl_threshold, is_deleted, created_at, updated_at
)
select
    ?1,
    substr(value ->> 'queue_id', 1, 50),
    substr(value ->> 'queue_name', 1, 50),
    value ->> 'sl_type',
    value ->> 'sl_threshold',
    value ->> 'is_deleted',
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
from json_each(?2) where true
on conflict (tenant, queue_id) do update set
    queue_name = excluded.queue_name, sl_type = excluded.sl_type, sl_threshold = excluded.sl_threshold,
    is_deleted = excluded.is_deleted, updated_at = excluded.updated_at
