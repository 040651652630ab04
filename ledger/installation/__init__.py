"""What happens at the door of an installation, and is no fact of any trial."""
