-- What waits to be published, a row for each batch and partition. `pointers` is the JSON list of the journal rows,
-- `[[place in the batch, key, version], …]`.
create table outbox_next (
    seq integer primary key,
    tenant text not null default 'default',
    batch text not null,
    partition integer not null,
    pointers text not null,
    format integer not null default 1,
    unique (tenant, batch, partition)
);
insert into outbox_next (tenant, batch, partition, pointers)
select tenant, 'before', partition, json_group_array(json_array(seq, key, version))
from outbox group by tenant, partition;
drop table outbox;
alter table outbox_next rename to outbox;
