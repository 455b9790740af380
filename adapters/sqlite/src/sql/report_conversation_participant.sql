-- ?2 is a JSON list of rows whose names are the columns. Values are cut to the width of their column.
insert into conversation_participant (
    tenant, id, participant_id, conversation_id, participant_role, record_creation_time, created_at,
    updated_at
)
select
    ?1,
    substr(value ->> 'id', 1, 50),
    substr(value ->> 'participant_id', 1, 50),
    substr(value ->> 'conversation_id', 1, 50),
    substr(value ->> 'participant_role', 1, 30),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'record_creation_time') / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
from json_each(?2) where true
on conflict (tenant, id) do update set
    participant_id = excluded.participant_id, conversation_id = excluded.conversation_id, participant_role =
    excluded.participant_role, record_creation_time = excluded.record_creation_time, updated_at =
    excluded.updated_at
