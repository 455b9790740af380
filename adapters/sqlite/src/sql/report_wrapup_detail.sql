-- ?2 is a JSON list of rows whose names are the columns. Values are cut to the width of their column.
insert into wrapup_detail (
    tenant, wrapup_time, conversation_id, ordinal, wrapup_label, category_name, agent_id, notes,
    record_creation_time, created_at, updated_at
)
select
    ?1,
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'wrapup_time') / 1000.0, 'unixepoch'),
    substr(value ->> 'conversation_id', 1, 50),
    min(max(value ->> 'ordinal', -2147483648), 2147483647),
    substr(value ->> 'wrapup_label', 1, 50),
    substr(value ->> 'category_name', 1, 50),
    substr(value ->> 'agent_id', 1, 50),
    substr(value ->> 'notes', 1, 350),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'record_creation_time') / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
from json_each(?2) where true
on conflict (tenant, conversation_id, agent_id, wrapup_time, ordinal) do update set
    wrapup_label = excluded.wrapup_label, category_name = excluded.category_name, notes = excluded.notes,
    record_creation_time = excluded.record_creation_time, updated_at = excluded.updated_at
