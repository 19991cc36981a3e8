"""The plugin's catalogues of translations: what has to be in them, and how they are brought up to date.

    python tests/support/catalogue.py

extracts every sentence anew into `keycel.pot`, carries it into the `.po` files, compiles the `.mo`
files, and lists what is not translated yet. A new language is a new folder in `locale/` with an empty
`LC_MESSAGES/keycel.po`.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

PROJECT = Path(__file__).resolve().parents[2]
PLUGIN = PROJECT / "plugin" / "keycel_plugin"
LOCALE = PLUGIN / "locale"
TEMPLATE = LOCALE / "keycel.pot"

_KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "plural": (1, 2)}
_PHASES: dict[str, tuple[int, ...] | None] = {
    "_progress": (2,),
    "progress": (2,),
    "step": None,
    "_step": None,
    "say": None,
}
"""How engines say what they are doing."""
_METHODS = [("**.py", "python")]

Key = str | tuple[str, ...]
"""A sentence, or its singular and plural."""


def extracted() -> Catalog:
    """Every sentence that an artist may read: the plugin's own, and those that engines bring along."""
    catalogue = Catalog(project="Keycel", copyright_holder="the Keycel authors", charset="utf-8")
    found = extract_from_dir(str(PLUGIN), method_map=_METHODS, keywords=_KEYWORDS)
    for name, _line, sentence, _comments, _context in found:
        catalogue.add(sentence, locations=[(f"plugin/keycel_plugin/{name}", 1)])
    for sentence in engine_sentences():
        catalogue.add(sentence, locations=[("backend/keycel_backend/engines", 1)])
    return catalogue


def engine_sentences() -> list[str]:
    """What engines say about themselves and their work; the docker shows it through `_`."""
    from keycel_backend.diffusion.fallback import every_note
    from keycel_backend.engines.morph import between, line_track
    from keycel_backend.engines.registry import descriptions
    from keycel_backend.models.catalogue import MODELS
    from keycel_backend.models.getting import PHASES
    from keycel_backend.regions import proposal
    from keycel_backend.regions.confidence import BORDER, reason
    from keycel_backend.regions.flicker import FLICKER
    from keycel_backend.supervisor.runner import WORKER_ENDED

    sentences = [
        words
        for engine in descriptions()
        for option in engine.options
        for words in (option.title, option.help, *option.choices)
    ]
    sentences += [engine.title for engine in descriptions()]
    for _name, _line, phase, _comments, _context in extract_from_dir(
        str(PROJECT / "backend" / "keycel_backend" / "engines"), method_map=_METHODS, keywords=_PHASES
    ):
        assert isinstance(phase, str)
        sentences.append(phase)
    sentences += [
        reason(known=0.0, best=0.5, second=0.0, directions_agree=True),
        reason(known=1.0, best=0.5, second=0.0, directions_agree=False),
        reason(known=1.0, best=0.5, second=0.4, directions_agree=True),
        reason(known=1.0, best=0.5, second=0.0, directions_agree=True),
        BORDER,
        FLICKER,
        WORKER_ENDED,
        between.UNSURE_KEY,
        line_track.REASON,
        *every_note(),
        *PHASES,
        *(words for model in MODELS.values() for words in (model.title, model.purpose, model.licence)),
        proposal.reason(near=0.0, distinct=1.0),
        proposal.reason(near=1.0, distinct=0.0),
        proposal.reason(near=1.0, distinct=1.0),
    ]
    return sentences


def po_files() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/keycel.po"))


def read(path: Path) -> Catalog:
    """A `.pot`, `.po` or `.mo` file."""
    data = io.BytesIO(path.read_bytes())
    if path.suffix == ".mo":
        return read_mo(data)
    return read_po(data, locale=None if path.suffix == ".pot" else path.parts[-3])


def messages(catalogue: Catalog) -> dict[Key, Message]:
    """Without the header."""
    return {_key(message): message for message in catalogue if message.id}


def untranslated(catalogue: Catalog) -> list[Key]:
    """Sentences with a translation missing, in any of its plural forms."""
    missing: list[Key] = []
    for key, message in messages(catalogue).items():
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        expected = catalogue.num_plurals if isinstance(key, tuple) else 1
        if len(forms) < expected or not all(forms):
            missing.append(key)
    return missing


def _key(message: Message) -> Key:
    return tuple(message.id) if isinstance(message.id, list | tuple) else message.id


def _update() -> int:
    """Returns the number of sentences without a translation."""
    template = extracted()
    _write(template, TEMPLATE)
    missing = 0
    for path in po_files():
        catalogue = read(path)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        _write(catalogue, path)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        path.with_suffix(".mo").write_bytes(compiled.getvalue())
        for key in untranslated(catalogue):
            missing += 1
            print(f"{path.parts[-3]}: {key}")
    return missing


def _write(catalogue: Catalog, path: Path) -> None:
    if path.exists() and path.stat().st_size:
        catalogue.creation_date = read(path).creation_date  # a date alone is no change
    text = io.BytesIO()
    write_po(text, catalogue, width=100, sort_by_file=False, include_lineno=False)
    path.write_bytes(text.getvalue())


if __name__ == "__main__":
    sys.path[:0] = [str(PROJECT / folder) for folder in ("backend", "shared")]
    sys.exit(1 if _update() else 0)
