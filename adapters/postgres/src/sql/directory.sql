-- One wave of directory changes (`directory.rs`): no two of them meet in a row. The last select raises an
-- error when a change met another writer. $1 is the tenant. See `commit.sql` for why rows are changed by
-- their address.
with customer_set as (
    insert into customer (tenant, id, body)
    select $1, n.* from unnest($2::text[], $3::text[]) as n
    on conflict (tenant, id) do update set body = excluded.body
), identity_new as (
    insert into identity (tenant, attribute, identifier, customer)
    select $1, n.* from unnest($4::text[], $5::text[], $6::text[]) as n
    on conflict do nothing
), identity_gone as (
    delete from identity where ctid = any(array(
        select i.ctid from unnest($25::text[], $26::text[], $27::text[]) as n(attribute, identifier, customer)
        join identity i on i.tenant = $1 and i.attribute = n.attribute and i.identifier = n.identifier
            and i.customer = n.customer))
), room_new as (
    insert into room (tenant, id, customer)
    select $1, n.* from unnest($7::text[], $8::text[]) as n
    on conflict do nothing
    returning id
), room_open as (
    update room r set live_conversation = n.conversation, live_home = n.home
    from unnest($9::text[], $10::text[], $11::int4[]) as n(id, conversation, home)
    cross join lateral (select ctid as address from room where tenant = $1 and id = n.id limit 1) old
    where r.ctid = old.address
        and (r.live_conversation is null or r.live_conversation = n.conversation)
    returning r.id
), room_close as (
    update room r set live_conversation = null, live_home = null, previous_conversation = n.previous,
        previous_ended_at = n.ended_at, previous_queue = n.queue, previous_agent = n.agent
    from unnest($12::text[], $13::text[], $14::text[], $15::int8[], $16::text[], $17::text[])
        as n(id, conversation, previous, ended_at, queue, agent)
    cross join lateral (select ctid as address from room where tenant = $1 and id = n.id limit 1) old
    where r.ctid = old.address
        and (r.live_conversation is null or r.live_conversation = n.conversation)
    returning r.id
), session_open as (
    insert into live_session as l (tenant, channel, identifier, conversation, home)
    select $1, n.* from unnest($18::text[], $19::text[], $20::text[], $21::int4[]) as n
    on conflict (tenant, channel, identifier) do update set home = excluded.home
        where l.conversation = excluded.conversation
    returning channel, identifier
), session_close as (
    delete from live_session where ctid = any(array(
        select l.ctid from unnest($22::text[], $23::text[], $24::text[]) as n(channel, identifier, conversation)
        cross join lateral (
            select ctid from live_session
            where tenant = $1 and channel = n.channel and identifier = n.identifier and conversation = n.conversation
            limit 1
        ) l
    ))
), room_changed as (
    select id from room_open union all select id from room_close
), room_asked as (
    select unnest($9::text[]) as id union all select unnest($12::text[])
), room_refused as (
    -- A room that is new but not made and not there: its customer got another one meanwhile.
    select n.id from unnest($7::text[]) as n(id)
    where n.id not in (select id from room_new)
        and (select r.id from room r where r.tenant = $1 and r.id = n.id limit 1) is null
    union all
    (select id from room_asked except select id from room_changed)
), session_refused as (
    select unnest($18::text[]) as channel, unnest($19::text[]) as identifier
    except select channel, identifier from session_open
), room_missing as (
    select a.id from room_asked a
    where (select r.id from room r where r.tenant = $1 and r.id = a.id limit 1) is null
)
select convene_refuse('CV003', array(select 'room:' || id from room_missing))
where exists (select from room_missing)
union all
select convene_refuse('CV001', array(
    select 'room:' || id from room_refused
    union all
    select 'session:' || channel || ':' || identifier from session_refused
))
where exists (select from room_refused) or exists (select from session_refused)
