-- ?2 is a JSON list of rows whose names are the columns. Values are cut to the width of their column.
insert into conversation_data (
    tenant, conversation_id, key, value, created_at, updated_at
)
select
    ?1,
    substr(value ->> 'conversation_id', 1, 50),
    substr(value ->> 'key', 1, 50),
    substr(value ->> 'value', 1, 100),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
from json_each(?2) where true
on conflict (tenant, conversation_id, key) do update set
    value = excluded.value, updated_at = excluded.updated_at
