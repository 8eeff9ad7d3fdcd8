-- What people type and what shops write, reduced to the same: lower case, no accents, words of letters and digits.
-- An apostrophe joins ("sorcerer's" is sorcerers), everything else separates. unaccent() is only stable because its rules
-- file might change; we name the dictionary and never change it, so an index may rely on it.
create function search_key(text) returns text language sql immutable parallel safe strict as $$
  select btrim(regexp_replace(regexp_replace(lower(public.unaccent('public.unaccent'::regdictionary, $1)),
    '[''’`]', '', 'g'), '[^[:alnum:]]+', ' ', 'g'))
$$;
--> statement-breakpoint
-- "J.K. Rowling, Mary GrandPré" or ["J.K. Rowling", "Mary GrandPré"]; a comma before Jr. or III belongs to the name.
create function authors_of(author jsonb) returns text[] language sql immutable parallel safe as $$
  select coalesce(array_agg(name order by place), '{}') from (
    select btrim(regexp_replace(part, '\s+', ' ', 'g')) as name, place
    from unnest(case jsonb_typeof(author)
      when 'array' then array(select jsonb_array_elements_text(author))
      when 'string' then regexp_split_to_array(author #>> '{}', '\s*,\s+(?!(?:Jr|Sr|II|III|IV)\M)')
      else '{}'::text[] end) with ordinality as parts(part, place)) names
  where name <> ''
$$;
--> statement-breakpoint
create function number_within(value jsonb, low numeric, high numeric) returns numeric language sql immutable parallel safe as $$
  select case when jsonb_typeof(value) = 'number' then least(greatest((value #>> '{}')::numeric, low), high) else 0 end
$$;
--> statement-breakpoint
-- Each language's stems beside the plain words: a Spanish shop sells English books, and a tenant may change its language.
-- Only the query is stemmed in one language, the tenant's.
create function search_vector(text, weight "char") returns tsvector language sql immutable parallel safe as $$
  select case when $1 is null or $1 = '' then ''::tsvector else setweight(
    to_tsvector('pg_catalog.simple', $1) || to_tsvector('pg_catalog.spanish', $1) || to_tsvector('pg_catalog.english', $1),
    $2) end
$$;
--> statement-breakpoint
create function products_derive() returns trigger language plpgsql as $$
declare
  a jsonb := new.attributes;
  written text := search_key(array_to_string(authors_of(a -> 'author'), ' '));
  other text := (select string_agg(value, ' ') from jsonb_each_text(a)
    where key not in ('author', 'original_title', 'isbn', 'isbn13', 'rating', 'ratings_count'));
begin
  new.authors := authors_of(a -> 'author');
  new.name_key := search_key(new.name);
  new.category_key := search_key(new.category);
  -- Bars keep a search from running over the end of one author into the next.
  new.author_key := ' ' || coalesce((select string_agg(search_key(name), ' | ') from unnest(new.authors) as t(name)), '') || ' ';
  new.rating := number_within(a -> 'rating', 0, 5);
  -- Between 0 and 1: how well it is rated, and by how many, on a logarithmic scale up to ten million.
  new.popularity := 0.6 * new.rating / 5 + 0.4 * ln(1 + number_within(a -> 'ratings_count', 0, 1e7)) / ln(1e7 + 1);
  new.search := search_vector(new.name_key, 'A')
    || search_vector(search_key(a ->> 'original_title'), 'B')
    -- "j k rowling" is also found as "jk rowling".
    || search_vector(written || ' ' || regexp_replace(written, '\m([a-z]) ([a-z])\M', '\1\2', 'g'), 'B')
    || search_vector(search_key(new.sku), 'B')
    || search_vector(regexp_replace(concat_ws(' ', a ->> 'isbn', a ->> 'isbn13'), '[^0-9Xx ]', '', 'g'), 'B')
    || search_vector(new.category_key, 'C')
    || search_vector(search_key(left(new.description, 20000)), 'D')
    || search_vector(search_key(left(other, 20000)), 'D');
  return new;
end $$;
--> statement-breakpoint
create trigger products_derive before insert or update of name, sku, description, category, attributes on products
  for each row execute function products_derive();
--> statement-breakpoint
create function products_learn_words() returns trigger language plpgsql as $$
begin
  -- In order, so that two writers of the same words wait for each other instead of deadlocking.
  insert into search_words (tenant_id, word)
  select distinct c.tenant_id, w.word
  from changed c, regexp_split_to_table(concat_ws(' ', c.name_key, c.author_key,
    search_key(c.attributes ->> 'original_title'), c.category_key), '[ |]+') as w(word)
  where c.deleted_at is null and length(w.word) between 3 and 40 and w.word !~ '^[0-9]+$'
    and not exists (select from search_words s where s.tenant_id = c.tenant_id and s.word = w.word collate "C")
  order by 1, 2
  on conflict do nothing;
  return null;
end $$;
--> statement-breakpoint
create trigger products_words_of_inserts after insert on products
  referencing new table as changed for each statement execute function products_learn_words();
--> statement-breakpoint
create trigger products_words_of_updates after update on products
  referencing new table as changed for each statement execute function products_learn_words();
--> statement-breakpoint
-- The same edges as in rules/reservation.ts: the last line of defence against a forgotten compare-and-set.
create function reservations_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' and new.state not in ('held', 'released') then
    raise exception 'a reservation cannot begin as %', new.state using errcode = 'ZC001';
  end if;
  if tg_op = 'UPDATE' and new.state <> old.state and (old.state, new.state) not in (
    ('held', 'committed'), ('held', 'released'), ('committed', 'returned')) then
    raise exception 'a % reservation cannot become %', old.state, new.state using errcode = 'ZC001';
  end if;
  return new;
end $$;
--> statement-breakpoint
create trigger reservations_guard before insert or update on reservations
  for each row execute function reservations_guard();
--> statement-breakpoint
-- Room on each page, so that a change of stock writes no index.
alter table stock set (fillfactor = 70);
--> statement-breakpoint
alter table reservations set (fillfactor = 80);
