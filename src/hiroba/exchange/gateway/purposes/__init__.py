"""What personal data are asked for: versioned purposes, closed until assessment, ELSI sheet and board decision are on file.

model.py   a purpose, its papers and its life, without I/O     store.py   the tables
acts.py    declare, file, open, retire: each in the log        api.py     the same over HTTP
"""
