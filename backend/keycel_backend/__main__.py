"""`python -m keycel_backend` is the same as `keycel`."""

import sys

from keycel_backend.cli import main

sys.exit(main())
