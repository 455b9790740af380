-- Who is who, and which conversation of a room is live (domain.md 1.4, 1.5).

-- `seq` tells the oldest of several profiles.
create table customer (
    seq integer primary key,
    tenant text not null default 'default',
    id text not null,
    body text not null,
    format integer not null default 1,
    unique (tenant, id)
);

create table identity (
    tenant text not null default 'default',
    attribute text not null,
    identifier text not null,
    customer text not null,
    format integer not null default 1,
    primary key (tenant, attribute, identifier, customer)
) without rowid;

-- One contact-centre room a customer. The live conversation is a column, so that there is room for one only.
create table room (
    tenant text not null default 'default',
    id text not null,
    customer text not null,
    live_conversation text,
    live_home integer,
    previous_conversation text,
    previous_ended_at integer,
    previous_queue text,
    previous_agent text,
    format integer not null default 1,
    primary key (tenant, id),
    unique (tenant, customer)
);

create table live_session (
    tenant text not null default 'default',
    channel text not null,
    identifier text not null,
    conversation text not null,
    home integer not null,
    format integer not null default 1,
    primary key (tenant, channel, identifier)
) without rowid;
create index live_session_identifier on live_session (tenant, identifier);
