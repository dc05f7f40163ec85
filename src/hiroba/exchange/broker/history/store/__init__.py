"""The tables of history, one function per question: what is written, read, reckoned and kept."""
