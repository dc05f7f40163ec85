"""For those who write programs: examples to copy, and the reference of every interface of this house."""
