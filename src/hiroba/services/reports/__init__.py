"""道路通報: a resident says what is broken in the street, an officer says what becomes of it. Read `service.py` first."""
