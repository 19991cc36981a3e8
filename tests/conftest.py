"""How tests are shared out where several run side by side (`pytest -n 2 --dist loadgroup`)."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays together, for its fixtures; and so does `tests/krita`, whose tests share one Krita."""
    for item in items:
        in_krita = "tests/krita/" in item.nodeid
        item.add_marker(pytest.mark.xdist_group("krita" if in_krita else item.nodeid.partition("::")[0]))
