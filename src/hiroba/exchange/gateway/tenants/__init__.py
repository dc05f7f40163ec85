"""To whom the tenants of the exchange belong: closed to everybody but their organisations, unless declared public.

`rules.py` says who may do what; `store.py` asks the tables; `api.py` is how the operator declares it.
"""
