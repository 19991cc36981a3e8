"""`python3 installer demo|test|install|...`: works from a bare clone with nothing but Python 3.10+."""

import sys
from pathlib import Path

if sys.version_info < (3, 10):  # noqa: UP036 - the point is to meet an older Python politely
    sys.exit("Keycel needs Python 3.10 or newer; this is " + sys.version.split()[0] + ".")

# Where the data folder is and how a running backend is found: rules that exist once, for all parts.
sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))

from keycel_installer.command import main

sys.exit(main())
