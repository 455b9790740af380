-- Reporting rows: each table takes its rows as one JSON list whose names are the columns. Values are cut to
-- the width of their column, by characters: a long name must not fail a commit. $1 is the tenant.
with conversation_set as (
    insert into conversation (
        tenant, conversation_id, room_id, customer_id, customer_name, start_time, end_time,
        conversation_duration, bot_id, task_state, reason_code, disposition, direction
    )
    select
        $1, left(r.conversation_id, 50), left(r.room_id, 50), left(r.customer_id, 50),
        left(r.customer_name, 50), convene_time(r.start_time), convene_time(r.end_time),
        convene_int(r.conversation_duration), left(r.bot_id, 50), left(r.task_state, 50),
        left(r.reason_code, 50), left(r.disposition, 20), left(r.direction, 20)
    from json_to_recordset($2::text::json) as r(
        conversation_id text, room_id text, customer_id text, customer_name text, start_time int8,
        end_time int8, conversation_duration int8, bot_id text, task_state text, reason_code text,
        disposition text, direction text
    )
    on conflict (tenant, conversation_id) do update set
        room_id = excluded.room_id, customer_id = excluded.customer_id,
        customer_name = excluded.customer_name, start_time = excluded.start_time,
        end_time = excluded.end_time, conversation_duration = excluded.conversation_duration,
        bot_id = excluded.bot_id, task_state = excluded.task_state, reason_code = excluded.reason_code,
        disposition = excluded.disposition, direction = excluded.direction,
        updated_at = now() at time zone 'utc'
), channel_session_set as (
    insert into channel_session (
        tenant, session_id, conversation_id, channel_id, start_time, end_time, total_session_duration,
        disposition, bot_activity_count, agent_activity_count, customer_activity_count,
        record_creation_time, device, browser_type, country, language, channel_customer_identifier
    )
    select
        $1, left(r.session_id, 50), left(r.conversation_id, 50), left(r.channel_id, 50),
        convene_time(r.start_time), convene_time(r.end_time), convene_int(r.total_session_duration),
        left(r.disposition, 20), convene_int(r.bot_activity_count), convene_int(r.agent_activity_count),
        convene_int(r.customer_activity_count), convene_time(r.record_creation_time), left(r.device, 40),
        left(r.browser_type, 40), left(r.country, 40), left(r.language, 40),
        left(r.channel_customer_identifier, 255)
    from json_to_recordset($3::text::json) as r(
        session_id text, conversation_id text, channel_id text, start_time int8, end_time int8,
        total_session_duration int8, disposition text, bot_activity_count int8, agent_activity_count int8,
        customer_activity_count int8, record_creation_time int8, device text, browser_type text,
        country text, language text, channel_customer_identifier text
    )
    on conflict (tenant, session_id) do update set
        conversation_id = excluded.conversation_id, channel_id = excluded.channel_id,
        start_time = excluded.start_time, end_time = excluded.end_time,
        total_session_duration = excluded.total_session_duration, disposition = excluded.disposition,
        bot_activity_count = excluded.bot_activity_count,
        agent_activity_count = excluded.agent_activity_count,
        customer_activity_count = excluded.customer_activity_count,
        record_creation_time = excluded.record_creation_time, device = excluded.device,
        browser_type = excluded.browser_type, country = excluded.country, language = excluded.language,
        channel_customer_identifier = excluded.channel_customer_identifier,
        updated_at = now() at time zone 'utc'
), conversation_participant_set as (
    insert into conversation_participant (
        tenant, id, participant_id, conversation_id, participant_role, record_creation_time
    )
    select
        $1, left(r.id, 50), left(r.participant_id, 50), left(r.conversation_id, 50),
        left(r.participant_role, 30), convene_time(r.record_creation_time)
    from json_to_recordset($4::text::json) as r(
        id text, participant_id text, conversation_id text, participant_role text,
        record_creation_time int8
    )
    on conflict (tenant, id) do update set
        participant_id = excluded.participant_id, conversation_id = excluded.conversation_id,
        participant_role = excluded.participant_role, record_creation_time = excluded.record_creation_time,
        updated_at = now() at time zone 'utc'
), conversation_data_set as (
    insert into conversation_data (
        tenant, conversation_id, key, value
    )
    select
        $1, left(r.conversation_id, 50), left(r.key, 50), left(r.value, 100)
    from json_to_recordset($5::text::json) as r(
        conversation_id text, key text, value text
    )
    on conflict (tenant, conversation_id, key) do update set
        value = excluded.value, updated_at = now() at time zone 'utc'
), agent_task_set as (
    insert into agent_task (
        tenant, agent_task_id, conversation_id, agent_id, task_queue_time, task_reserved_time,
        task_answered_time, queue_id, task_queue_duration, task_alert_duration, task_end_time,
        task_disposition, wrapup_duration, mrd_id, task_direction, task_mode, routing_mode,
        channel_session_id, list_id, record_creation_time
    )
    select
        $1, left(r.agent_task_id, 50), left(r.conversation_id, 50), left(r.agent_id, 50),
        convene_time(r.task_queue_time), convene_time(r.task_reserved_time),
        convene_time(r.task_answered_time), left(r.queue_id, 50), convene_int(r.task_queue_duration),
        convene_int(r.task_alert_duration), convene_time(r.task_end_time), left(r.task_disposition, 30),
        convene_int(r.wrapup_duration), left(r.mrd_id, 50), left(r.task_direction, 50),
        left(r.task_mode, 50), left(r.routing_mode, 50), left(r.channel_session_id, 50),
        left(r.list_id, 50), convene_time(r.record_creation_time)
    from json_to_recordset($6::text::json) as r(
        agent_task_id text, conversation_id text, agent_id text, task_queue_time int8,
        task_reserved_time int8, task_answered_time int8, queue_id text, task_queue_duration int8,
        task_alert_duration int8, task_end_time int8, task_disposition text, wrapup_duration int8,
        mrd_id text, task_direction text, task_mode text, routing_mode text, channel_session_id text,
        list_id text, record_creation_time int8
    )
    on conflict (tenant, agent_task_id) do update set
        conversation_id = excluded.conversation_id, agent_id = excluded.agent_id,
        task_queue_time = excluded.task_queue_time, task_reserved_time = excluded.task_reserved_time,
        task_answered_time = excluded.task_answered_time, queue_id = excluded.queue_id,
        task_queue_duration = excluded.task_queue_duration,
        task_alert_duration = excluded.task_alert_duration, task_end_time = excluded.task_end_time,
        task_disposition = excluded.task_disposition, wrapup_duration = excluded.wrapup_duration,
        mrd_id = excluded.mrd_id, task_direction = excluded.task_direction, task_mode = excluded.task_mode,
        routing_mode = excluded.routing_mode, channel_session_id = excluded.channel_session_id,
        list_id = excluded.list_id, record_creation_time = excluded.record_creation_time,
        updated_at = now() at time zone 'utc'
), wrapup_detail_set as (
    insert into wrapup_detail (
        tenant, wrapup_time, conversation_id, ordinal, wrapup_label, category_name, agent_id, notes,
        record_creation_time
    )
    select
        $1, convene_time(r.wrapup_time), left(r.conversation_id, 50), convene_int(r.ordinal),
        left(r.wrapup_label, 50), left(r.category_name, 50), left(r.agent_id, 50), left(r.notes, 350),
        convene_time(r.record_creation_time)
    from json_to_recordset($7::text::json) as r(
        wrapup_time int8, conversation_id text, ordinal int8, wrapup_label text, category_name text,
        agent_id text, notes text, record_creation_time int8
    )
    on conflict (tenant, conversation_id, agent_id, wrapup_time, ordinal) do update set
        wrapup_label = excluded.wrapup_label, category_name = excluded.category_name,
        notes = excluded.notes, record_creation_time = excluded.record_creation_time,
        updated_at = now() at time zone 'utc'
), conversation_hold_resume_set as (
    insert into conversation_hold_resume (
        tenant, conversation_id, conversation_state, agent_id, event_timestamp, channel_session_id,
        record_creation_time
    )
    select
        $1, left(r.conversation_id, 50), left(r.conversation_state, 50), left(r.agent_id, 50),
        convene_time(r.event_timestamp), left(r.channel_session_id, 50),
        convene_time(r.record_creation_time)
    from json_to_recordset($8::text::json) as r(
        conversation_id text, conversation_state text, agent_id text, event_timestamp int8,
        channel_session_id text, record_creation_time int8
    )
    on conflict (tenant, conversation_id, event_timestamp, conversation_state) do update set
        agent_id = excluded.agent_id, channel_session_id = excluded.channel_session_id,
        record_creation_time = excluded.record_creation_time, updated_at = now() at time zone 'utc'
), agent_state_set as (
    insert into agent_state (
        tenant, login_date_time, agent_id, agent_state, reason_code, duration, state_change_time
    )
    select
        $1, convene_time(r.login_date_time), left(r.agent_id, 50), left(r.agent_state, 20),
        left(r.reason_code, 100), convene_int(r.duration), convene_time(r.state_change_time)
    from json_to_recordset($9::text::json) as r(
        login_date_time int8, agent_id text, agent_state text, reason_code text, duration int8,
        state_change_time int8
    )
    on conflict (tenant, agent_id, state_change_time, agent_state) do update set
        login_date_time = excluded.login_date_time, reason_code = excluded.reason_code,
        duration = excluded.duration, updated_at = now() at time zone 'utc'
), agent_mrd_state_set as (
    insert into agent_mrd_state (
        tenant, login_date_time, agent_id, mrd_id, agent_mrd_state, duration, state_change_time
    )
    select
        $1, convene_time(r.login_date_time), left(r.agent_id, 50), left(r.mrd_id, 50), left(r.agent_state, 20),
        convene_int(r.duration), convene_time(r.state_change_time)
    from json_to_recordset($10::text::json) as r(
        login_date_time int8, agent_id text, mrd_id text, agent_state text, duration int8,
        state_change_time int8
    )
    on conflict (tenant, agent_id, mrd_id, state_change_time, agent_mrd_state) do update set
        login_date_time = excluded.login_date_time, duration = excluded.duration,
        updated_at = now() at time zone 'utc'
), queue_set as (
    insert into queue (tenant, queue_id, queue_name, sl_type, sl_threshold, is_deleted)
    select
        $1, left(r.queue_id, 50), left(r.queue_name, 50), convene_int(r.sl_type), convene_int(r.sl_threshold),
        r.is_deleted
    from json_to_recordset($11::text::json) as r(
        queue_id text, queue_name text, sl_type int8, sl_threshold int8, is_deleted boolean
    )
    on conflict (tenant, queue_id) do update set
        queue_name = excluded.queue_name, sl_type = excluded.sl_type, sl_threshold = excluded.sl_threshold,
        is_deleted = excluded.is_deleted, updated_at = now() at time zone 'utc'
)
select 1
