-- ?2 is a JSON list of rows whose names are the columns. Values are cut to the width of their column.
insert into agent_task (
    tenant, agent_task_id, conversation_id, agent_id, task_queue_time, task_reserved_time,
    task_answered_time, queue_id, task_queue_duration, task_alert_duration, task_end_time, task_disposition,
    wrapup_duration, mrd_id, task_direction, task_mode, routing_mode, channel_session_id, list_id,
    record_creation_time, created_at, updated_at
)
select
    ?1,
    substr(value ->> 'agent_task_id', 1, 50),
    substr(value ->> 'conversation_id', 1, 50),
    substr(value ->> 'agent_id', 1, 50),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'task_queue_time') / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'task_reserved_time') / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'task_answered_time') / 1000.0, 'unixepoch'),
    substr(value ->> 'queue_id', 1, 50),
    min(max(value ->> 'task_queue_duration', -2147483648), 2147483647),
    min(max(value ->> 'task_alert_duration', -2147483648), 2147483647),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'task_end_time') / 1000.0, 'unixepoch'),
    substr(value ->> 'task_disposition', 1, 30),
    min(max(value ->> 'wrapup_duration', -2147483648), 2147483647),
    substr(value ->> 'mrd_id', 1, 50),
    substr(value ->> 'task_direction', 1, 50),
    substr(value ->> 'task_mode', 1, 50),
    substr(value ->> 'routing_mode', 1, 50),
    substr(value ->> 'channel_session_id', 1, 50),
    substr(value ->> 'list_id', 1, 50),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'record_creation_time') / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
from json_each(?2) where true
on conflict (tenant, agent_task_id) do update set
    conversation_id = excluded.conversation_id, agent_id = excluded.agent_id, task_queue_time =
    excluded.task_queue_time, task_reserved_time = excluded.task_reserved_time, task_answered_time =
    excluded.task_answered_time, queue_id = excluded.queue_id, task_queue_duration =
    excluded.task_queue_duration, task_alert_duration = excluded.task_alert_duration, task_end_time =
    excluded.task_end_time, task_disposition = excluded.task_disposition, wrapup_duration =
    excluded.wrapup_duration, mrd_id = excluded.mrd_id, task_direction = excluded.task_direction, task_mode
    = excluded.task_mode, routing_mode = excluded.routing_mode, channel_session_id =
    excluded.channel_session_id, list_id = excluded.list_id, record_creation_time =
    excluded.record_creation_time, updated_at = excluded.updated_at
