-- Records of routing (reports): states of agents, queues as configured, and the service level of tasks.

create table agent_state (
    tenant text not null default 'default',
    login_date_time text not null,
    agent_id varchar(50) not null,
    agent_state varchar(20) not null,
    reason_code varchar(100),
    duration integer not null,
    state_change_time text not null,
    format integer not null default 1,
    created_at text not null,
    updated_at text not null,
    primary key (tenant, agent_id, state_change_time, agent_state)
);

create table agent_mrd_state (
    tenant text not null default 'default',
    login_date_time text not null,
    agent_id varchar(50) not null,
    mrd_id varchar(50) not null,
    agent_mrd_state varchar(20) not null,
    duration integer not null,
    state_change_time text not null,
    format integer not null default 1,
    created_at text not null,
    updated_at text not null,
    primary key (tenant, agent_id, mrd_id, state_change_time, agent_mrd_state)
);

create table queue (
    tenant text not null default 'default',
    queue_id varchar(50) not null,
    queue_name varchar(50) not null,
    sl_type integer not null,
    sl_threshold integer not null,
    is_deleted integer not null default 0,
    format integer not null default 1,
    created_at text not null,
    updated_at text not null,
    primary key (tenant, queue_id)
);

create index agent_task_queue on agent_task (tenant, queue_id, task_end_time) where queue_id is not null;

-- What each closed task of a queue counts for. "Within" is judged when the task was given to an agent, or when it
-- ended without one; a task for which nobody was found is never within.
create view task_service_level as
select
    t.tenant, t.agent_task_id, t.queue_id, t.task_end_time,
    t.task_answered_time is not null as answered,
    t.task_answered_time is null and t.task_disposition not in ('RONA', 'AGENT_LOGOUT', 'NO_AGENT_AVAILABLE')
        as abandoned,
    t.task_answered_time is null and t.task_disposition in ('RONA', 'AGENT_LOGOUT') as rona,
    t.task_answered_time is null and t.task_disposition = 'NO_AGENT_AVAILABLE' as no_agent,
    not (t.task_answered_time is null and t.task_disposition = 'NO_AGENT_AVAILABLE')
        and cast(round((julianday(coalesce(t.task_reserved_time, t.task_end_time))
            - julianday(t.task_queue_time)) * 86400000) as integer) <= q.sl_threshold * 1000 as within
from agent_task t
join queue q on q.tenant = t.tenant and q.queue_id = t.queue_id
where t.task_queue_time is not null;
