"""The tables of people, one module per idea, one function per question."""
