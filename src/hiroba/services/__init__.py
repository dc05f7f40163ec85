"""The top: what residents use. Each folder is a service; `service.py` introduces it. Deleting a folder removes the service."""
