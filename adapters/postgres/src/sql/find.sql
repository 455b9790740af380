-- Everything a batch reads, in one round trip. `kind` tells the rows apart, `ord` counts the questions from
-- 1: answers carry the number of their question rather than repeat its text. 0 seen, and how it went · 1 state · 2 live
-- session · 3 customer owning the identifier, with their room. $1 is the tenant. Each question is an index
-- walk of its own; see `commit.sql` for why the joins are written so, and for the parts.
-- part: always
select 0 as kind, n.ord, 0::int8 as seq, s.outcome as a, null::text as b, null::text as c, null::text as d,
    null::text as e, null::text as f, null::int4 as home, null::int8 as number, null::bool as open
from unnest($2::text[]) with ordinality as n(id, ord)
cross join lateral (select outcome from seen where tenant = $1 and id = n.id limit 1) s
-- part: states
union all
select 1, n.ord, 0, s.body, s.name, s.customer, s.room, null, null, s.partition, s.version, s.open
from unnest($3::text[]) with ordinality as n(key, ord)
cross join lateral (select * from conversation_state where tenant = $1 and key = n.key limit 1) s
-- part: arrivals
union all
select 2, n.ord, 0, l.conversation, null, null, null, null, null, l.home, null, null
from unnest($4::text[], $6::text[]) with ordinality as n(channel, identifier, ord)
cross join lateral (
    select * from live_session where tenant = $1 and channel = n.channel and identifier = n.identifier limit 1
) l
union all
select 3, n.ord, c.seq, c.body, r.id, r.live_conversation, r.previous_conversation, r.previous_queue,
    r.previous_agent, r.live_home, r.previous_ended_at, null
from unnest($5::text[], $6::text[]) with ordinality as n(attribute, identifier, ord)
cross join lateral (
    select * from identity where tenant = $1 and attribute = n.attribute and identifier = n.identifier offset 0
) i
cross join lateral (select * from customer where tenant = $1 and id = i.customer limit 1) c
left join lateral (select * from room where tenant = $1 and customer = c.id limit 1) r on true
