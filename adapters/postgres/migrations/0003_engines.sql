-- Which engine owns which partition. Times are the database's own, so that engines need not agree on the
-- hour.

create table partition_lease (
    tenant text collate "C" not null default 'default',
    partition integer not null,
    owner text,
    epoch bigint not null default 0,
    expires_at timestamptz not null default now(),
    format smallint not null default 1,
    primary key (tenant, partition)
) with (fillfactor = 50);

create table engine (
    tenant text collate "C" not null default 'default',
    name text not null,
    alive_until timestamptz not null,
    started_at timestamptz not null default now(),
    format smallint not null default 1,
    primary key (tenant, name)
) with (fillfactor = 50);

-- Written by the readiness check, which must prove that a commit succeeds.
create table readiness (
    tenant text collate "C" not null default 'default',
    checked_at timestamptz not null,
    primary key (tenant)
) with (fillfactor = 50);
