-- To guess how many documents a condition lets through, the planner asks it of a hundred of them at each planning. That took
-- a quarter of a millisecond, half of what a query costs, and the guess changed no plan: the indexes that can serve are few.
alter table broker.entity alter column doc set statistics 0, alter column facts set statistics 0;
do $$
begin
    if to_regproc('pg_clear_attribute_stats') is not null then  -- from PostgreSQL 18 on; before, what is known of them stays
        perform pg_clear_attribute_stats('broker', 'entity', name, false) from unnest(array['doc', 'facts']) as name;
    end if;
end
$$;
