-- Who is who, and which conversation of a room is live (domain.md 1.4, 1.5).

-- `seq` tells the oldest of several profiles.
create table customer (
    tenant text collate "C" not null default 'default',
    id text collate "C" not null,
    body text not null,
    format smallint not null default 1,
    seq bigint generated always as identity,
    primary key (id, tenant)
);

create table identity (
    tenant text collate "C" not null default 'default',
    attribute text collate "C" not null,
    identifier text collate "C" not null,
    customer text collate "C" not null,
    format smallint not null default 1,
    primary key (identifier, attribute, customer, tenant)
);

-- One contact-centre room a customer: two engines that meet a customer at once must not open two. The live
-- conversation is a column, so that there is room for one only.
create table room (
    tenant text collate "C" not null default 'default',
    id text collate "C" not null,
    customer text collate "C" not null,
    live_conversation text collate "C",
    live_home integer,
    previous_conversation text collate "C",
    previous_ended_at bigint,
    previous_queue text,
    previous_agent text,
    format smallint not null default 1,
    primary key (id, tenant),
    constraint room_customer unique (customer, tenant)
) with (fillfactor = 70);

create table live_session (
    tenant text collate "C" not null default 'default',
    channel text collate "C" not null,
    identifier text collate "C" not null,
    conversation text collate "C" not null,
    home integer not null,
    format smallint not null default 1,
    primary key (identifier, channel, tenant)
);
