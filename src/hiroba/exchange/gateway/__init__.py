"""What a caller may do with the exchange: the real `Access` of the broker, joined to identity here and nowhere else."""
