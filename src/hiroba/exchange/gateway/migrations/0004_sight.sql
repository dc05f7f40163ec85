-- How personal data are named for each who reads them. A tenant's own key of a person is 256 bits that nobody outside has
-- seen, so what is made of it by a hash cannot be joined with what another reader got.

-- What stands in the place of the last part of an id `…:{key}:{local}`, for one reader: 20 characters.
create function gateway.tag(inside text, outside text, local text) returns text language sql immutable parallel safe
return translate(encode(substr(sha256(convert_to(inside || '|' || outside || '|' || local, 'UTF8')), 1, 15), 'base64'), '+/', '-_');

-- An entity's id as a reader knows it: the reader's key of the person in the place of the tenant's, and no local part as it is.
create function gateway.alias(id text, inside text, outside text) returns text language sql immutable parallel safe
return case when right(id, length(inside) + 1) = ':' || inside then replace(id, inside, outside)
            else split_part(id, inside, 1) || outside || ':'
                 || gateway.tag(inside, outside, split_part(id, inside || ':', 2)) end;

-- A document in which everybody is named as a sector knows them: ids of entities as `alias` has them, and keys wherever they
-- stand. `mentions` are the keys that may be in it, and may be others' words; null: they are looked for here. Whom the sector
-- does not know by any name is named `unknown`.
create function gateway.reworded(doc jsonb, mentions text[], tenant text, sector text) returns jsonb
language plpgsql stable parallel safe as $$
declare
    body text := doc::text;
    person record;
    local text;
begin
    if mentions is null then
        if body !~ '[A-Za-z0-9_-]{43}' then
            return doc;
        end if;
        mentions := array(
            select distinct substr(run[1], start, 43)
              from regexp_matches(body, '[A-Za-z0-9_-]{43,}', 'g') run, generate_series(1, length(run[1]) - 42) start
             where length(run[1]) <= 172);
    end if;
    for person in
        select here.subject as inside, coalesce(there.subject, 'unknown') as outside
          from identity.pair here
          left join identity.pair there on there.sector = reworded.sector and there.person = here.person
         where here.sector = 'tenant:' || reworded.tenant and here.subject = any(mentions)
    loop
        for local in
            select distinct id[1]
              from regexp_matches(body, 'urn:ngsi-ld:[A-Za-z][A-Za-z0-9]*:' || person.inside || ':([A-Za-z0-9._~-]{1,100})', 'g') id
             order by 1 desc
        loop
            body := replace(body, person.inside || ':' || local,
                            person.outside || ':' || gateway.tag(person.inside, person.outside, local));
        end loop;
        body := replace(body, person.inside, person.outside);
    end loop;
    return body::jsonb;
end $$;

-- People who are named in what a recipient may read and whom its sector does not know by any name yet: the next read makes it.
create table gateway.nameless (
    sector text not null,
    tenant text not null,
    subject text not null,                -- the tenant's own key
    primary key (sector, tenant, subject)
);

create function gateway.note_nameless(in_tenant text, of_whom text, for_sector text) returns void language sql
begin atomic
    insert into gateway.nameless (sector, tenant, subject)
    select for_sector, in_tenant, here.subject
      from (select of_whom as subject
             union
            select unnest(e.mentions) from broker.entity e where e.tenant = in_tenant and e.subject = of_whom) named
      join identity.pair here on here.sector = 'tenant:' || in_tenant and here.subject = named.subject
     where not exists (select from identity.pair there where there.sector = for_sector and there.person = here.person)
        on conflict do nothing;
end;

create function gateway.sector_of(recipient text) returns text language sql stable
return coalesce((select sector from identity.application where id = recipient), 'app:' || recipient);

-- Whoever writes a permit, and however: who it is about has a name in the recipient's sector before the first read.
create function gateway.permitted() returns trigger language plpgsql as $$
begin
    perform gateway.note_nameless(new.tenant, new.subject, gateway.sector_of(new.recipient));
    return null;
end $$;
create trigger permitted after insert or update on gateway.permit for each row execute function gateway.permitted();

create index permit_of_person on gateway.permit (tenant, subject);
