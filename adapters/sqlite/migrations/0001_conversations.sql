-- What the engine must not forget. The tables and columns are those of the Postgres store; the tenant is part
-- of every key; JSON is kept as `text`, byte for byte; `format` is the version of the record's own layout.

create table seen (
    tenant text not null default 'default',
    id text not null,
    at integer not null,
    format integer not null default 1,
    primary key (tenant, id)
) without rowid;

-- The skeleton of history: no words of people, no names.
create table journal (
    tenant text not null default 'default',
    key text not null,
    version integer not null,
    at integer not null,
    format integer not null default 1,
    input_id text not null,
    kind text not null,
    deployment text not null,
    trace text not null,
    publishes integer not null,
    primary key (tenant, key, version)
);

-- What was said and decided in words: the part that can be erased while history stays whole.
create table journal_content (
    tenant text not null default 'default',
    key text not null,
    version integer not null,
    at integer not null,
    format integer not null default 1,
    input text not null,
    output text not null,
    primary key (tenant, key, version)
);

create table conversation_state (
    seq integer primary key,
    tenant text not null default 'default',
    key text not null,
    version integer not null,
    partition integer not null,
    open integer not null,
    name text not null,
    customer text not null,
    room text not null,
    body text not null,
    format integer not null default 1,
    unique (tenant, key)
);
create index conversation_state_open on conversation_state (tenant) where open;
create index conversation_state_customer on conversation_state (tenant, customer);
create index conversation_state_room on conversation_state (tenant, room);

create table routing_head (
    tenant text not null default 'default',
    version integer not null,
    format integer not null default 1,
    primary key (tenant)
);
create table routing_record (
    tenant text not null default 'default',
    key text not null,
    body text not null,
    format integer not null default 1,
    primary key (tenant, key)
);

create table timer (
    tenant text not null default 'default',
    owner text not null,
    name text not null,
    partition integer not null,
    id text not null,
    due integer not null,
    format integer not null default 1,
    primary key (tenant, owner, name)
) without rowid;
create index timer_due on timer (tenant, partition, due);

-- Steps between two state machines that were asked for and not yet taken.
create table hop (
    seq integer primary key,
    tenant text not null default 'default',
    id text not null,
    partition integer not null,
    at integer not null,
    ordinal integer not null,
    body text not null,
    format integer not null default 1,
    unique (tenant, id)
);

-- Points at journal rows whose output was not yet published.
create table outbox (
    seq integer primary key,
    tenant text not null default 'default',
    key text not null,
    version integer not null,
    partition integer not null,
    format integer not null default 1,
    unique (tenant, key, version)
);

create table bot_call (
    seq integer primary key,
    tenant text not null default 'default',
    id text not null,
    partition integer not null,
    bot text not null,
    conversation text not null,
    request text not null,
    deadline integer not null,
    format integer not null default 1,
    unique (tenant, id)
);

create table dead_letter (
    tenant text not null default 'default',
    id text not null,
    at integer not null,
    reason text not null,
    detail text not null,
    source text not null,
    payload blob not null,
    format integer not null default 1,
    primary key (tenant, id)
);

create table deployment (
    tenant text not null default 'default',
    id text not null,
    files text not null,
    at integer not null,
    format integer not null default 1,
    primary key (tenant, id)
);
