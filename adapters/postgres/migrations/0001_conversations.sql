-- What the engine must not forget. The tenant is part of every key, at its end: in front it would make each
-- step down an index compare two texts, the first of them always equal. JSON is kept as `text`: bytes come
-- back as they were written. Keys compare byte by byte (collation "C"), which is fast and the same
-- everywhere. `format` is the version of the record's own layout, so that a later release can read what an
-- earlier one wrote.

-- Ends the statement, and with it the transaction, with a code of our own: CV001 conflict, CV002 fenced,
-- CV003 impossible. The message is the JSON list of the keys concerned.
create function convene_refuse(code text, keys text[]) returns void language plpgsql as $$
begin
    raise exception using errcode = code, message = to_json(keys)::text;
end $$;

-- Input ids already taken. The BRIN index serves forgetting by age and costs a commit nearly nothing.
create table seen (
    tenant text collate "C" not null default 'default',
    id text collate "C" not null,
    at bigint not null,
    format smallint not null default 1,
    primary key (id, tenant)
);
create index seen_at on seen using brin (at);

-- The skeleton of history: no words of people, no names. Partitioned by month of `at` (epoch ms), hence `at`
-- in the key; that (key, version) is unique follows from the version check on the state written beside it.
create table journal (
    tenant text collate "C" not null default 'default',
    key text collate "C" not null,
    version bigint not null,
    at bigint not null,
    format integer not null default 1,
    input_id text collate "C" not null,
    kind text not null,
    deployment text collate "C" not null,
    trace text not null,
    publishes boolean not null,
    primary key (key, version, at, tenant)
) partition by range (at);

-- What was said and decided in words: the part that can be erased while history stays whole.
create table journal_content (
    tenant text collate "C" not null default 'default',
    key text collate "C" not null,
    version bigint not null,
    at bigint not null,
    format smallint not null default 1,
    input text not null,
    output text not null,
    primary key (key, version, at, tenant)
) partition by range (at);

-- Nothing may fail because a month has no partition.
create table journal_other partition of journal default;
create table journal_content_other partition of journal_content default;

-- Makes the partitions of this month and of `months` more. A month whose rows already lie in the default
-- partition is left there. Gives up quietly when another engine is at it, or when the tables are busy; it is
-- called often.
create function convene_journal_ahead(months integer) returns integer language plpgsql as $$
declare
    start_of timestamp := date_trunc('month', now() at time zone 'utc');
    parent text;
    part text;
    made integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtext('convene_journal_ahead')) then
        return 0;
    end if;
    perform set_config('lock_timeout', '1s', true);
    for ahead in 0..months loop
        foreach parent in array array['journal', 'journal_content'] loop
            part := parent || '_' || to_char(start_of + make_interval(months => ahead), 'YYYY_MM');
            continue when to_regclass(part) is not null;
            begin
                execute format('create table %I partition of %I for values from (%s) to (%s)', part, parent,
                    extract(epoch from start_of + make_interval(months => ahead))::bigint * 1000,
                    extract(epoch from start_of + make_interval(months => ahead + 1))::bigint * 1000);
                made := made + 1;
            exception when check_violation or duplicate_table or lock_not_available then
                null;
            end;
        end loop;
    end loop;
    return made;
end $$;

-- One row a conversation, live or closed. The free space in each page lets an update stay in its page.
create table conversation_state (
    tenant text collate "C" not null default 'default',
    key text collate "C" not null,
    version bigint not null,
    partition integer not null,
    open boolean not null,
    name text collate "C" not null,
    customer text collate "C" not null,
    room text collate "C" not null,
    body text not null,
    format smallint not null default 1,
    seq bigint generated always as identity,
    primary key (key, tenant)
) with (fillfactor = 60);
create index conversation_state_open on conversation_state (seq, tenant) where open;
create index conversation_state_newest on conversation_state (seq, tenant);
create index conversation_state_customer on conversation_state (customer, tenant);
create index conversation_state_room on conversation_state (room, tenant);

-- The routing machine: a version, and a record for each agent, queue, task …
create table routing_head (
    tenant text collate "C" not null default 'default',
    version bigint not null,
    format smallint not null default 1,
    primary key (tenant)
) with (fillfactor = 50);
create table routing_record (
    tenant text collate "C" not null default 'default',
    key text collate "C" not null,
    body text not null,
    format smallint not null default 1,
    primary key (key, tenant)
) with (fillfactor = 60);

create table timer (
    tenant text collate "C" not null default 'default',
    owner text collate "C" not null,
    name text collate "C" not null,
    partition integer not null,
    id text collate "C" not null,
    due bigint not null,
    format smallint not null default 1,
    primary key (owner, name, tenant)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index timer_due on timer (partition, due, tenant);

-- Steps between two state machines that were asked for and not yet taken.
create table hop (
    tenant text collate "C" not null default 'default',
    id text collate "C" not null,
    partition integer not null,
    at bigint not null,
    ordinal integer not null,
    body text not null,
    format smallint not null default 1,
    seq bigint generated always as identity,
    primary key (id, tenant)
) with (autovacuum_vacuum_scale_factor = 0.05);

-- Points at journal rows whose output was not yet confirmed by the broker. Never polled: read once, by a new
-- owner.
create table outbox (
    tenant text collate "C" not null default 'default',
    key text collate "C" not null,
    version bigint not null,
    partition integer not null,
    format smallint not null default 1,
    seq bigint generated always as identity,
    primary key (key, version, tenant)
) with (autovacuum_vacuum_scale_factor = 0.05);

create table bot_call (
    tenant text collate "C" not null default 'default',
    id text collate "C" not null,
    partition integer not null,
    bot text not null,
    conversation text collate "C" not null,
    request text not null,
    deadline bigint not null,
    format smallint not null default 1,
    seq bigint generated always as identity,
    primary key (id, tenant)
) with (autovacuum_vacuum_scale_factor = 0.05);

create table dead_letter (
    tenant text collate "C" not null default 'default',
    id text collate "C" not null,
    at bigint not null,
    reason text not null,
    detail text not null,
    source text not null,
    payload bytea not null,
    format smallint not null default 1,
    primary key (id, tenant)
);

create table deployment (
    tenant text collate "C" not null default 'default',
    id text collate "C" not null,
    files text not null,
    at bigint not null,
    format smallint not null default 1,
    primary key (id, tenant)
);

-- Bodies of a few kilobytes are compressed in every commit: lz4 costs a fifth of the default method. A server
-- built without it keeps its default.
do $$ begin
    alter table journal alter column trace set compression lz4;
    alter table journal_other alter column trace set compression lz4;
    alter table journal_content alter column input set compression lz4, alter column output set compression lz4;
    alter table journal_content_other alter column input set compression lz4, alter column output set compression lz4;
    alter table conversation_state alter column body set compression lz4;
    alter table routing_record alter column body set compression lz4;
exception when feature_not_supported then
    null;
end $$;
