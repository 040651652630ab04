"""Read models, rebuilt from the facts whenever we like."""
