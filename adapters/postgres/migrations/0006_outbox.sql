-- What waits to be published, a row for each batch and partition: a row for each step was written, found and removed
-- again with every event. `pointers` is the JSON list of the journal rows, `[[place in the batch, key, version], …]`.
-- Read once, by a new owner.
create table outbox_next (
    tenant text collate "C" not null default 'default',
    batch text collate "C" not null,
    partition integer not null,
    pointers text not null,
    format smallint not null default 1,
    seq bigint generated always as identity,
    primary key (batch, partition, tenant)
) with (autovacuum_vacuum_scale_factor = 0.05);
insert into outbox_next (tenant, batch, partition, pointers)
select tenant, 'before', partition, json_agg(json_build_array(seq, key, version) order by seq)::text
from outbox group by tenant, partition;
drop table outbox;
alter table outbox_next rename to outbox;
alter index outbox_next_pkey rename to outbox_pkey;

-- Input and output of a step are some kilobytes. Beyond the usual limit of 2 kB they would be cut off into a table of
-- their own, with an index of its own, and every step would write two rows and two index entries more.
do $$
declare
    part regclass;
begin
    for part in select inhrelid::regclass from pg_inherits where inhparent = 'journal_content'::regclass loop
        execute format('alter table %s set (toast_tuple_target = 4096)', part);
    end loop;
end $$;

-- As before, and with that limit for the months to come.
create or replace function convene_journal_ahead(months integer) returns integer language plpgsql as $$
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
                execute format('create table %I partition of %I for values from (%s) to (%s)%s', part, parent,
                    extract(epoch from start_of + make_interval(months => ahead))::bigint * 1000,
                    extract(epoch from start_of + make_interval(months => ahead + 1))::bigint * 1000,
                    case parent when 'journal_content' then ' with (toast_tuple_target = 4096)' else '' end);
                made := made + 1;
            exception when check_violation or duplicate_table or lock_not_available then
                null;
            end;
        end loop;
    end loop;
    return made;
end $$;
