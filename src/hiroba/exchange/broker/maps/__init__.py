"""Entity maps: what a query found, fixed while its pages are walked (CIM 009 §5.14, §4.5.25)."""
