"""What Buckler costs: on a server beside its peers, in the process, and in memory. `python -m bench --help`."""
