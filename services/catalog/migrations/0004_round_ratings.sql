-- Rounded, because `real`, which it is kept as, refuses what is smaller than it can hold.
create or replace function number_within(value jsonb, low numeric, high numeric) returns numeric language sql immutable parallel safe as $$
  select case when jsonb_typeof(value) = 'number' then round(least(greatest((value #>> '{}')::numeric, low), high), 6) else 0 end
$$;
