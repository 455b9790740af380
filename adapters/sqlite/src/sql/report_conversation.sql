-- ?2 is a JSON list of rows whose names are the columns. Values are cut to the width of their column.
insert into conversation (
    tenant, conversation_id, room_id, customer_id, customer_name, start_time, end_time,
    conversation_duration, bot_id, task_state, reason_code, disposition, direction, created_at, updated_at
)
select
    ?1,
    substr(value ->> 'conversation_id', 1, 50),
    substr(value ->> 'room_id', 1, 50),
    substr(value ->> 'customer_id', 1, 50),
    substr(value ->> 'customer_name', 1, 50),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'start_time') / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'end_time') / 1000.0, 'unixepoch'),
    min(max(value ->> 'conversation_duration', -2147483648), 2147483647),
    substr(value ->> 'bot_id', 1, 50),
    substr(value ->> 'task_state', 1, 50),
    substr(value ->> 'reason_code', 1, 50),
    substr(value ->> 'disposition', 1, 20),
    substr(value ->> 'direction', 1, 20),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
from json_each(?2) where true
on conflict (tenant, conversation_id) do update set
    room_id = excluded.room_id, customer_id = excluded.customer_id, customer_name = excluded.customer_name,
    start_time = excluded.start_time, end_time = excluded.end_time, conversation_duration =
    excluded.conversation_duration, bot_id = excluded.bot_id, task_state = excluded.task_state, reason_code
    = excluded.reason_code, disposition = excluded.disposition, direction = excluded.direction, updated_at =
    excluded.updated_at
