-- A batch in one statement: one round trip, and its own transaction when nothing else is to be written. Parts
-- that have nothing to do are left out (`text.rs`): Postgres prepares every part of a statement each time it
-- runs, and most batches are small. All parts see the database as it was before the statement, so `fold.rs`
-- gives no two parts the same row. The last select raises an error when a part met another writer; that undoes
-- everything. Arrays come sorted by key, so that two engines lock rows in one order. $1 is the tenant.
--
-- Rows to change are looked up one by one (`lateral … limit 1`) and then changed by their address. A plain
-- join would leave it to the planner, which knows nothing of a young table and likes to read a whole tenant
-- instead.
-- part: always
with fence as materialized (
    select held.partition
    from unnest($2::int4[], $3::int8[]) as n(partition, epoch)
    cross join lateral (
        select partition from partition_lease l
        where l.tenant = $1 and l.partition = n.partition and l.epoch = n.epoch and l.owner is not null
        limit 1 for share
    ) held
), seen_new as (
    insert into seen (tenant, id, at, outcome)
    select $1, n.id, n.at, n.outcome from unnest($4::text[], $5::int8[], $64::text[]) as n(id, at, outcome)
    on conflict do nothing
    returning id
), journal_new as (
    insert into journal (tenant, key, version, at, format, input_id, kind, deployment, trace, publishes)
    select $1, n.* from unnest($6::text[], $7::int8[], $8::int8[], $9::int4[], $10::text[], $11::text[],
        $12::text[], $13::text[], $14::bool[]) as n
), journal_content_new as (
    insert into journal_content (tenant, key, version, at, input, output)
    select $1, n.* from unnest($6::text[], $7::int8[], $8::int8[], $15::text[], $16::text[]) as n
)
-- part: outbox
, outbox_new as (
    insert into outbox (tenant, batch, partition, pointers)
    select $1, n.* from unnest($17::text[], $18::int4[], $19::text[]) as n
), outbox_gone as (
    delete from outbox where ctid = any(array(
        select o.ctid from unnest($20::text[], $21::int4[]) as n(batch, partition)
        cross join lateral (
            select ctid from outbox where tenant = $1 and batch = n.batch and partition = n.partition limit 1
        ) o
    ))
)
-- part: states_new
, state_new as (
    insert into conversation_state (tenant, key, version, partition, open, name, customer, room, body)
    select $1, n.* from unnest($22::text[], $23::int8[], $24::int4[], $25::bool[], $26::text[], $27::text[],
        $28::text[], $29::text[]) as n
    on conflict do nothing
    returning key
)
-- part: states_next
, state_next as (
    update conversation_state s set version = n.version, partition = n.partition, open = n.open, name = n.name,
        customer = n.customer, room = n.room, body = n.body
    from unnest($30::text[], $31::int8[], $32::int4[], $33::bool[], $34::text[], $35::text[], $36::text[],
        $37::text[], $38::int8[]) as n(key, version, partition, open, name, customer, room, body, based_on)
    cross join lateral (
        select ctid as address from conversation_state where tenant = $1 and key = n.key limit 1
    ) old
    where s.ctid = old.address and s.version = n.based_on
    returning s.key
)
-- part: routing
, head_new as (
    insert into routing_head (tenant, version)
    select $1, $40::int8 where $39::int8 = 0
    on conflict do nothing
    returning version
), head_next as (
    update routing_head h set version = $40::int8
    where h.tenant = $1 and $39::int8 > 0 and h.version = $39::int8
    returning version
)
-- part: records
, record_set as (
    insert into routing_record as r (tenant, key, body)
    select $1, n.* from unnest($41::text[], $42::text[]) as n
    on conflict (tenant, key) do update set body = excluded.body
), record_gone as (
    delete from routing_record where ctid = any(array(
        select r.ctid from unnest($43::text[]) as n(key)
        cross join lateral (select ctid from routing_record where tenant = $1 and key = n.key limit 1) r
    ))
)
-- part: timers
, timer_set as (
    insert into timer (tenant, owner, name, partition, id, due)
    select $1, n.* from unnest($44::text[], $45::text[], $46::int4[], $47::text[], $48::int8[]) as n
    on conflict (tenant, owner, name) do update
        set partition = excluded.partition, id = excluded.id, due = excluded.due
), timer_gone as (
    delete from timer where ctid = any(array(
        select t.ctid from unnest($49::text[], $50::text[], $66::text[]) as n(owner, name, setting)
        cross join lateral (
            select ctid, id from timer where tenant = $1 and owner = n.owner and name = n.name limit 1
        ) t
        where n.setting is null or n.setting = t.id
    ))
)
-- part: hops
, hop_new as (
    insert into hop (tenant, id, partition, at, ordinal, body, source)
    select $1, n.* from unnest($51::text[], $52::int4[], $53::int8[], $54::int4[], $55::text[], $65::int4[]) as n
    on conflict do nothing
), hop_gone as (
    delete from hop where ctid = any(array(
        select h.ctid from unnest($56::text[]) as n(id)
        cross join lateral (select ctid from hop where tenant = $1 and id = n.id limit 1) h
    ))
)
-- part: calls
, call_new as (
    insert into bot_call (tenant, id, partition, bot, conversation, request, deadline)
    select $1, n.* from unnest($57::text[], $58::int4[], $59::text[], $60::text[], $61::text[], $62::int8[]) as n
    on conflict do nothing
), call_gone as (
    delete from bot_call where ctid = any(array(
        select c.ctid from unnest($63::text[]) as n(id)
        cross join lateral (select ctid from bot_call where tenant = $1 and id = n.id limit 1) c
    ))
)
-- part: always
select convene_refuse('CV002', array(select unnest($2::int4[])::text except select partition::text from fence))
where (select count(*) from fence) < cardinality($2::int4[])
union all
select convene_refuse('CV001', array(
    select 'seen:' || id from (select unnest($4::text[]) as id except select id from seen_new) as seen_before
-- part: states_new
    union all
    (select unnest($22::text[]) except select key from state_new)
-- part: states_next
    union all
    (select unnest($30::text[]) except select key from state_next)
-- part: routing
    union all
    (select 'routing' where not exists (select from head_new) and not exists (select from head_next))
-- part: always
))
where (select count(*) from seen_new) < cardinality($4::text[])
-- part: states_new
    or (select count(*) from state_new) < cardinality($22::text[])
-- part: states_next
    or (select count(*) from state_next) < cardinality($30::text[])
-- part: routing
    or (select count(*) from head_new) + (select count(*) from head_next) = 0
