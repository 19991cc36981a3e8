"""A small model that can be downloaded from `support.hub_server`; installing it is copying.

`python -m support.trial_model '{...}'` is `keycel_backend.models.process` that knows it.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from keycel_backend.models import catalogue, process
from keycel_backend.models.catalogue import RECORD, Model, PublishedFile
from keycel_backend.models.checking import digest_of_file
from keycel_backend.models.published import Commercial, Published, PublishedLicence, RepositoryFile

MODULE = "support.trial_model"
WEIGHTS = random.Random("weights").randbytes(300_000)
SETTINGS = b'{"layers": 3}\n'
WORDS = random.Random("words").randbytes(5_000)

PUBLISHED = {
    "trial-weights": Published(
        name="trial-weights",
        title="Trial weights",
        repository="keycel/trial",
        revision="main",
        files=(
            RepositoryFile("unet/weights.bin", len(WEIGHTS), hashlib.sha256(WEIGHTS).hexdigest()),
            RepositoryFile("settings.json", None, None),
        ),
        licence=PublishedLicence("MIT", "https://example.org/mit", Commercial.YES),
        install=("unet/weights.bin", "settings.json"),
    ),
    "trial-words": Published(
        name="trial-words",
        title="Trial words",
        repository="keycel/words",
        revision="main",
        files=(),
        folders=("tokenizer",),
        licence=PublishedLicence(None, "https://example.org/words", Commercial.UNKNOWN),
        install=("tokenizer",),
    ),
}
TRIAL = Model(
    name="trial",
    title="A model on trial",
    files=(PublishedFile("weights.bin", "nobody"),),
    licence="Free for trials only.",
    installer=f"{MODULE}:install_trial",
    purpose="Tries things out.",
    engines=("flat",),
    sources=("trial-weights", "trial-words"),
    installed_bytes=310_000,
)
FILES = {
    "keycel/trial/unet/weights.bin": WEIGHTS,
    "keycel/trial/settings.json": SETTINGS,
    "keycel/words/tokenizer/words.txt": WORDS,
    "keycel/words/tokenizer/more/rules.json": b"{}",
}
LARGE = {"keycel/trial/unet/weights.bin", "keycel/words/tokenizer/words.txt"}


def install_trial(inputs: Sequence[Path], precision: str, tell: object) -> Path:
    """All inputs in one folder, as the real installers leave it."""
    assert callable(tell)
    tell("converting")
    folder = TRIAL.folder
    folder.mkdir(parents=True, exist_ok=True)
    for path in inputs:
        for file in [path] if path.is_file() else sorted(path.rglob("*.*")):
            shutil.copyfile(file, folder / file.name)
    files = {path.name: digest_of_file(path) for path in folder.iterdir() if path.name != RECORD}
    (folder / RECORD).write_text(json.dumps({"precision": precision, "files": files}))
    return folder


def register() -> None:
    """Make the catalogue know it, in this process."""
    catalogue.MODELS["trial"] = TRIAL
    known = catalogue.find_published
    catalogue.find_published = lambda name: PUBLISHED[name] if name in PUBLISHED else known(name)


if __name__ == "__main__":
    register()
    sys.exit(process.main(sys.argv[1:]))
