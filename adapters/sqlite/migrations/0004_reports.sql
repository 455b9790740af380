-- The reporting schema of domain.md section 6: its names, columns and widths, plus the tenant and the two
-- dates of the row itself. Times are ISO texts in UTC. There are no foreign keys between these tables: the
-- row of a task is written before the row of its conversation, which is written when the conversation closes.

create table conversation (
    tenant text not null default 'default',
    conversation_id varchar(50) not null,
    room_id varchar(50),
    customer_id varchar(50) not null,
    customer_name varchar(50) not null,
    start_time text not null,
    end_time text not null,
    conversation_duration integer not null,
    bot_id varchar(50) not null,
    task_state varchar(50),
    reason_code varchar(50),
    disposition varchar(20) not null,
    direction varchar(20) not null,
    format integer not null default 1,
    created_at text not null,
    updated_at text not null,
    primary key (tenant, conversation_id)
);
create index conversation_end_time on conversation (tenant, end_time);

create table channel_session (
    tenant text not null default 'default',
    session_id varchar(50) not null,
    conversation_id varchar(50) not null,
    channel_id varchar(50) not null,
    start_time text not null,
    end_time text not null,
    total_session_duration integer not null,
    disposition varchar(20) not null,
    bot_activity_count integer not null,
    agent_activity_count integer not null,
    customer_activity_count integer not null,
    record_creation_time text not null,
    device varchar(40),
    browser_type varchar(40),
    country varchar(40),
    language varchar(40),
    channel_customer_identifier varchar(255),
    format integer not null default 1,
    created_at text not null,
    updated_at text not null,
    primary key (tenant, session_id)
);
create index channel_session_conversation on channel_session (tenant, conversation_id);
create index channel_session_identifier on channel_session (tenant, channel_customer_identifier);

create table conversation_data (
    tenant text not null default 'default',
    conversation_id varchar(50) not null,
    key varchar(50) not null,
    value varchar(100) not null,
    format integer not null default 1,
    created_at text not null,
    updated_at text not null,
    primary key (tenant, conversation_id, key)
);

create table conversation_participant (
    tenant text not null default 'default',
    id varchar(50) not null,
    participant_id varchar(50) not null,
    conversation_id varchar(50) not null,
    participant_role varchar(30) not null,
    record_creation_time text not null,
    format integer not null default 1,
    created_at text not null,
    updated_at text not null,
    primary key (tenant, id)
);
create index conversation_participant_conversation on conversation_participant (tenant, conversation_id);

create table agent_task (
    tenant text not null default 'default',
    agent_task_id varchar(50) not null,
    conversation_id varchar(50) not null,
    agent_id varchar(50),
    task_queue_time text,
    task_reserved_time text,
    task_answered_time text,
    queue_id varchar(50),
    task_queue_duration integer not null,
    task_alert_duration integer not null,
    task_end_time text not null,
    task_disposition varchar(30) not null,
    wrapup_duration integer not null,
    mrd_id varchar(50),
    task_direction varchar(50) not null,
    task_mode varchar(50) not null,
    routing_mode varchar(50) not null,
    channel_session_id varchar(50) not null,
    list_id varchar(50),
    record_creation_time text not null,
    format integer not null default 1,
    created_at text not null,
    updated_at text not null,
    primary key (tenant, agent_task_id)
);
create index agent_task_conversation on agent_task (tenant, conversation_id);
create index agent_task_end_time on agent_task (tenant, task_end_time);

create table wrapup_detail (
    tenant text not null default 'default',
    wrapup_time text not null,
    conversation_id varchar(50) not null,
    ordinal integer not null,
    wrapup_label varchar(50),
    category_name varchar(50),
    agent_id varchar(50) not null,
    notes varchar(350),
    record_creation_time text not null,
    format integer not null default 1,
    created_at text not null,
    updated_at text not null,
    primary key (tenant, conversation_id, agent_id, wrapup_time, ordinal)
);

create table conversation_hold_resume (
    tenant text not null default 'default',
    conversation_id varchar(50) not null,
    conversation_state varchar(50) not null,
    agent_id varchar(50),
    event_timestamp text not null,
    channel_session_id varchar(50) not null,
    record_creation_time text not null,
    format integer not null default 1,
    created_at text not null,
    updated_at text not null,
    primary key (tenant, conversation_id, event_timestamp, conversation_state)
);
