"""XML of untrusted origin to an element tree, without entities and within bounds."""

from __future__ import annotations

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

_MAX_DEPTH = 200


class UnsafeXmlError(ValueError):
    """The text is not well-formed, declares entities, or nests too deeply."""


def parse_xml(text: bytes) -> Element:
    """Parse `text`; names keep no namespace (Krita uses default namespaces only).

    Krita's files carry a DOCTYPE line, which is accepted; entity declarations (the means of
    expansion attacks) and external entities never are.

    Raises:
        UnsafeXmlError: with the reason.
    """
    builder = TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise UnsafeXmlError(f"nested deeper than {_MAX_DEPTH} levels")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse_entity(*_: object) -> NoReturn:
        raise UnsafeXmlError("it declares entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = refuse_entity
    parser.ExternalEntityRefHandler = refuse_entity
    try:
        parser.Parse(text, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, UnicodeError, LookupError) as error:
        raise UnsafeXmlError(str(error)) from error
