-- How a command went, as JSON: a repeat is answered as the first one was. Null for everything else, and for what an older
-- release took.
alter table seen add column outcome text;
