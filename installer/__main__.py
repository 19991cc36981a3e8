"""`python3 installer demo|test|install`: works from a bare clone with nothing but Python 3.10+."""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - the point is to meet an older Python politely
    sys.exit("Keycel needs Python 3.10 or newer; this is " + sys.version.split()[0] + ".")

from keycel_installer.command import main

sys.exit(main())
