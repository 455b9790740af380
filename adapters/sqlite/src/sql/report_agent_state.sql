-- ?2 is a JSON list of rows whose names are the columns. Values are cut to the width of their column.
insert into agent_state (
    tenant, login_date_time, agent_id, agent_state, reason_code, duration, state_change_time, created_at,
    updated_at
)
select
    ?1,
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'login_date_time') / 1000.0, 'unixepoch'),
    substr(value ->> 'agent_id', 1, 50),
    substr(value ->> 'agent_state', 1, 20),
    substr(value ->> 'reason_code', 1, 100),
    value ->> 'duration',
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 'state_change_time') / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
from json_each(?2) where true
on conflict (tenant, agent_id, state_change_time, agent_state) do update set
    login_date_time = excluded.login_date_time, reason_code = excluded.reason_code, duration = excluded.duration,
    updated_at = excluded.updated_at
