"""The PostgreSQL server of the tests: the one that `trial-ledger chaos` maltreats."""

from api.chaos.cluster import OWNER, SERVICE, Cluster, Node, Refused

__all__ = ["OWNER", "SERVICE", "Cluster", "Node", "Refused"]
