"""Runs the tests of this folder on several versions of Krita and writes docs/krita-conformance.md.

    python3 tests/krita/run_versions.py [--report] ROOT [ROOT ...]

A ROOT is `/` for this machine's Krita, or a folder with a Debian of its own in which Krita is installed
(made by `debootstrap`, then `apt-get install krita` and its Qt binding; changing into it needs the
superuser). Results stay in out/krita-versions; `--report` writes the page from them and runs nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "out" / "krita-versions"
PAGE = REPOSITORY / "docs" / "krita-conformance.md"
SETTING = "KEYCEL_KRITA_ROOT"

CRASHES = """
Krita itself can die while its own threads work, without any Python running. 5.1.5 did so in seven of eight
runs of 1500 undo and redo steps of replaced keyframes, about 10 ms apart, on a busy machine: a worker thread
exchanges the pixels of a layer while `KisNode::handleKeyframeChannelUpdate` computes their bounds; 6.0.4.1
survived two such runs. A test that meets such a crash is run once more; a crash with Python at work is a
failure (`tests/support/krita_crash.py`).
""".strip().splitlines()

PASSED = "passed"
FAILED = "**failed**"
NOT_RUN = "not run"


@dataclass(frozen=True)
class Version:
    """One Krita and what became of each test, by the test's name."""

    facts: dict[str, str]
    outcomes: dict[str, str]

    @property
    def order(self) -> list[int]:
        return [int(part) for part in self.facts["Krita"].split("-")[0].split(".") if part.isdigit()]

    def count(self, outcome: str) -> int:
        return list(self.outcomes.values()).count(outcome)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--report", action="store_true", help="only write the page from earlier results")
    parser.add_argument("roots", nargs="*", type=Path, metavar="ROOT")
    options = parser.parse_args()
    if not options.report:
        for root in options.roots or [Path("/")]:
            run_suite(root.resolve())
    versions = sorted(map(read_results, RESULTS.glob("*.xml")), key=lambda version: version.order)
    PAGE.write_text(page(versions), "utf-8")
    print(f"{PAGE}: {', '.join(version.facts['Krita'] for version in versions)}")
    return int(any(version.count(FAILED) for version in versions))


def run_suite(root: Path) -> None:
    """Run all tests with the Krita of `root`; the results go to a file named after it.

    Raises:
        SystemExit: the run broke off, so that there is nothing to report.
    """
    results = RESULTS / f"{root.name or 'this-machine'}.xml"
    results.unlink(missing_ok=True)
    print(f"{root}:", flush=True)
    command = [sys.executable, "installer", "test", "tests/krita", "-q", f"--junit-xml={results}"]
    environment = {**os.environ, SETTING: "" if root == Path("/") else str(root), "CI": "true"}
    subprocess.run(command, cwd=REPOSITORY, env=environment, check=False)
    if not results.exists():
        raise SystemExit(f"{root}: the tests did not come to their end")


def read_results(path: Path) -> Version:
    """What pytest recorded. A Krita that did not even start is known by its root's name only."""
    [suite] = ElementTree.parse(path).getroot().iter("testsuite")
    facts = {"Krita": path.stem, **dict.fromkeys(("Python", "Qt", "binding"), "unknown")}
    facts.update({entry.attrib["name"]: entry.attrib["value"] for entry in suite.iter("property")})
    outcomes: dict[str, str] = {}
    for case in suite.iter("testcase"):
        # An error while cleaning up is recorded as a second case of the same test.
        name = f"{case.attrib['classname'].rpartition('.')[2]}: {case.attrib['name']}"
        outcomes[name] = max(
            outcomes.get(name, PASSED), outcome_of(case), key=[PASSED, NOT_RUN, FAILED].index
        )
    return Version(facts, outcomes)


def outcome_of(case: ElementTree.Element) -> str:
    kinds = {child.tag for child in case}
    if kinds & {"failure", "error"}:
        return FAILED
    return NOT_RUN if "skipped" in kinds else PASSED


def page(versions: list[Version]) -> str:
    names = sorted({name for version in versions for name in version.outcomes})
    summary = [
        [
            *(version.facts[fact] for fact in ("Krita", "Python", "Qt", "binding")),
            *(str(version.count(outcome)) for outcome in (PASSED, FAILED)),
            str(len(names) - version.count(PASSED) - version.count(FAILED)),
        ]
        for version in versions
    ]
    details = [[name, *(version.outcomes.get(name, NOT_RUN) for version in versions)] for name in names]
    return "\n".join(
        [
            "# Krita versions",
            "",
            "Results of `tests/krita`: each test in a real Krita of Debian's packages, on a virtual screen.",
            "This page is written by the command that runs them:",
            "",
            "```sh",
            "python3 tests/krita/run_versions.py / ROOT...    # ROOT: a Debian root with another Krita",
            "```",
            "",
            *CRASHES,
            "",
            *table(["Krita", "Python", "Qt", "Qt binding", "passed", "failed", "not run"], summary),
            "",
            *table(["Test", *(version.facts["Krita"] for version in versions)], details),
            "",
        ]
    )


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    sys.exit(main())
