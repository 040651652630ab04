"""What an organisation sets up at its provider: its keys, and the claims that say at which site somebody is."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.models import Client, PrivateKey


class SiteAdapter(DefaultOIDCAdapter):  # type: ignore[misc]  # it has no types
    """The newest key file signs; the group of a user is her site; `auth_time` is when the provider saw her last."""

    def list_private_keys(self, *, did_activate: Any = None, is_active: Any = None) -> list[PrivateKey]:  # noqa: ARG002
        files = sorted(Path(os.environ["IDP_DIRECTORY"]).glob("key-*.pem"), reverse=True)
        return [PrivateKey(pem=file.read_text()) for file in files]

    def populate_access_token(
        self,
        access_token: dict[str, Any],
        *,
        client: Client,  # noqa: ARG002
        scopes: Iterable[str],  # noqa: ARG002
        user: Any,
        **_: Any,
    ) -> None:
        site = user.groups.first()
        access_token |= {"auth_time": int(user.last_login.timestamp()), "amr": ["pwd"]}
        access_token |= {} if site is None else {"site": site.name}
