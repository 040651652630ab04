"""Who somebody is: local people, identity providers and machines. What they may do stands in `api/roles.py`."""
