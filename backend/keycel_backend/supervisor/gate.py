"""Who may connect: a ZAP handler with a list of client keys, in force on every socket."""

from __future__ import annotations

import zmq.asyncio
from zmq.auth.asyncio import AsyncioAuthenticator

DOMAIN = b"keycel"
"""Every socket names this domain. The handler has to know it by name: in pyzmq's callback interface
`"*"` stands for the empty domain only, it is no wildcard."""


class Gate:
    """Admits the client keys on its list, nobody else. Sockets fail closed: without the running
    handler, or with another domain, ZeroMQ itself refuses every connection (`ZAP_ENFORCE_DOMAIN`)."""

    def __init__(self, context: zmq.asyncio.Context, client_keys: tuple[str, ...]) -> None:
        """`client_keys`: public CURVE keys, Z85."""
        self._keys = frozenset(key.encode() for key in client_keys)
        self._handler = AsyncioAuthenticator(context)
        self._handler.configure_curve_callback(DOMAIN.decode(), self)

    def start(self) -> None:
        self._handler.start()

    def stop(self) -> None:
        self._handler.stop()

    def callback(self, domain: str, key: bytes) -> bool:
        """pyzmq asks here; `key` is Z85."""
        return domain == DOMAIN.decode() and key in self._keys
