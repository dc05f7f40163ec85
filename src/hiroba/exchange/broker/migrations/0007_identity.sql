-- What this house is called among context sources: made once, the same in all its processes (CIM 009 §5.2.40).

create table broker.own_name (
    only_one boolean primary key default true check (only_one),
    name text not null
);
