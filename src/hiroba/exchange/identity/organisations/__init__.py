"""Organisations and their applications: who answers for a program, and what that program may ask for.

model   what an application is and which statements about it are refused
store   the two tables
api     how the operator registers them
"""
