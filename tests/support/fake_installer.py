"""An installer that fetches nothing: it plays what a test wants, as the setup page sees it.

Its folder stands for what the plugin carries (`flow.setup.finding.CARRIED`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from keycel_shared.schema import to_json
from keycel_shared.setup_report import Offer, SetupPlan

STEPS = ("created", "keycel", "tried", "krita")
SMALL = Offer("", "", 200, 600, begun=False)
LARGE = Offer("cuda", "Trial Card 3000", 2860, 9000, begun=False)
PLAN = SetupPlan((SMALL, LARGE), 50_000, "/home/artist/.local/share/keycel")

_SCRIPT = """
import json, os, sys
from pathlib import Path

play = json.loads(Path(__file__).with_name("play.json").read_text())
if "--plan" in sys.argv:
    print(json.dumps(play["plan"]))
    sys.exit()
news = Path(sys.argv[sys.argv.index("--events") + 1])
home = Path(os.environ["KEYCEL_HOME"])
with (home / "asked").open("a") as stream:
    stream.write(" ".join(sys.argv[1:2] + sys.argv[4:]) + "\\n")


def tell(**event):
    with news.open("a") as stream:
        stream.write(json.dumps(event) + "\\n")


tell(moment="steps", steps=play["steps"], weights=[30] * len(play["steps"]))
for step in play["steps"]:
    tell(moment="begun", step=step)
    print(f"working on {step}", flush=True)
    if step == play["waits_at"]:
        os.read(0, 1)
        sys.exit(130)
    if step == play["ignores_at"]:
        while True:
            os.read(0, 1)
    if step == play["fails_at"]:
        tell(moment="failed", trouble=play["trouble"], sentence="No.", remedy="Do.", detail="because")
        sys.exit(2)
    if step == play["breaks_at"]:
        raise RuntimeError("broken")
    tell(moment="ended", step=step)
(home / "installation.json").write_text(json.dumps({"python": play["python"]}))
tell(moment="finished")
"""


class FakeInstaller:
    """`play` may be called again at any time; the next run of the installer does it."""

    def __init__(self, carried: Path, python: str) -> None:
        """`python`: the one that has the backend afterwards."""
        self._folder = carried / "installer"
        self._python = python
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "__main__.py").write_text(_SCRIPT)
        self.play()

    def play(
        self,
        plan: SetupPlan = PLAN,
        waits_at: str = "",
        ignores_at: str = "",
        fails_at: str = "",
        breaks_at: str = "",
        trouble: str = "packages",
    ) -> None:
        """`waits_at`: until it is asked to end; `ignores_at`: it does not even then."""
        content: dict[str, Any] = {
            "plan": to_json(plan),
            "steps": STEPS,
            "python": self._python,
            "waits_at": waits_at,
            "ignores_at": ignores_at,
            "fails_at": fails_at,
            "breaks_at": breaks_at,
            "trouble": trouble,
        }
        (self._folder / "play.json").write_text(json.dumps(content))
