-- ?2 is a JSON list of rows whose names are the columns. Values are cut to the width of their column.
insert into channel_session (
    tenant, session_id, conversation_id, channel_id, start_time, end_time, total_session_duration,
    disposition, bot_activity_count, agent_activity_count, customer_activity_count, record_creation_time,
    device, browser_type, country, language, channel_customer_identifier, created_at, updated_at
)
select
    ?1,
    substr(value ->> 'session_id', 1, 50),
    substr(value ->> 'conversation_id', 1, 50),
    substr(value ->> 'channel_id', 1, 50),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'start_time') / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'end_time') / 1000.0, 'unixepoch'),
    min(max(value ->> 'total_session_duration', -2147483648), 2147483647),
    substr(value ->> 'disposition', 1, 20),
    min(max(value ->> 'bot_activity_count', -2147483648), 2147483647),
    min(max(value ->> 'agent_activity_count', -2147483648), 2147483647),
    min(max(value ->> 'customer_activity_count', -2147483648), 2147483647),
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'record_creation_time') / 1000.0, 'unixepoch'),
    substr(value ->> 'device', 1, 40),
    substr(value ->> 'browser_type', 1, 40),
    substr(value ->> 'country', 1, 40),
    substr(value ->> 'language', 1, 40),
    substr(value ->> 'channel_customer_identifier', 1, 255),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
from json_each(?2) where true
on conflict (tenant, session_id) do update set
    conversation_id = excluded.conversation_id, channel_id = excluded.channel_id, start_time =
    excluded.start_time, end_time = excluded.end_time, total_session_duration =
    excluded.total_session_duration, disposition = excluded.disposition, bot_activity_count =
    excluded.bot_activity_count, agent_activity_count = excluded.agent_activity_count,
    customer_activity_count = excluded.customer_activity_count, record_creation_time =
    excluded.record_creation_time, device = excluded.device, browser_type = excluded.browser_type, country =
    excluded.country, language = excluded.language, channel_customer_identifier =
    excluded.channel_customer_identifier, updated_at = excluded.updated_at
