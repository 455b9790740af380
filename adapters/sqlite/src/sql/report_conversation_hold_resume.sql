-- ?2 is a JSON list of rows whose names are the columns. Values are cut to the width of their column.
insert into conversation_hold_resume (
    tenant, conversation_id, conversation_state, agent_id, event_timestamp, channel_session_id,
    record_creation_time, created_at, updated_at
)
select
    ?1,
    substr(value ->> 'conversation_id', 1, 50),
    substr(value ->> 'conversation_state', 1, 50),
    substr(value ->> 'agent_id', 1, 50),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'event_timestamp') / 1000.0, 'unixepoch'),
    substr(value ->> 'channel_session_id', 1, 50),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'record_creation_time') / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
from json_each(?2) where true
on conflict (tenant, conversation_id, event_timestamp, conversation_state) do update set
    agent_id = excluded.agent_id, channel_session_id = excluded.channel_session_id, record_creation_time =
    excluded.record_creation_time, updated_at = excluded.updated_at
