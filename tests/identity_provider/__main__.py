"""Run the provider: make its database, users and client, listen on a free port, and say which on standard output."""

import json
import os
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def populate(people: dict[str, tuple[str, str | None]], client: str, secret: str) -> None:
    """Users with their passwords and groups, and the one client through which they come."""
    from allauth.idp.oidc.models import Client
    from django.contrib.auth.models import Group, User

    for name, (password, site) in people.items():
        user = User.objects.create_user(name, password=password)
        if site is not None:
            user.groups.add(Group.objects.get_or_create(name=site)[0])
    made = Client(id=client, name="The ledger's page", skip_consent=True)
    made.set_secret(secret)
    made.set_scopes(["openid", "ledger.read", "ledger.write", "ledger.sign"])
    made.set_redirect_uris(["http://127.0.0.1/callback"])
    made.save()


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.identity_provider.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    asked = json.load(sys.stdin)
    populate(asked["people"], asked["client"], asked["secret"])
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


main()
