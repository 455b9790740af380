-- The partition whose owner asked for a hop, and hands it over when the bus never carried it. Null for what an older release
-- asked for.
alter table hop add column source integer;
