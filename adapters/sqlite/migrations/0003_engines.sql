-- Which engine owns which partition. There is one engine; the epoch still grows with every opening of the
-- file, so that work of an engine before is told from work of this one.

create table partition_lease (
    tenant text not null default 'default',
    partition integer not null,
    owner text,
    epoch integer not null default 0,
    format integer not null default 1,
    primary key (tenant, partition)
);

-- Written by the readiness check, which must prove that a commit succeeds.
create table readiness (
    tenant text not null default 'default',
    checked integer not null,
    primary key (tenant)
);
