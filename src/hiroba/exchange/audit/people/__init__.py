"""The log for the person it speaks of: what they may see of it now, what is shown to them later, and the file to check it by."""
