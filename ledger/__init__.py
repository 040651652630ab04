"""An audit-grade ledger for early-phase clinical trials: the facts and the rules. Nothing here knows HTTP."""
