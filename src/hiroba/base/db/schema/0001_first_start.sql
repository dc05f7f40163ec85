-- One row once the first start is over: the sample region is made, the first sign-in link was printed.
create table base.first_start (
    at timestamptz primary key default now()
);
