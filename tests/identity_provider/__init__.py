"""An identity provider that others wrote: django-allauth (MIT), as a process of its own, with users and keys."""
