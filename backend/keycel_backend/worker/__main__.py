"""`python -m keycel_backend.worker`, started by the supervisor with pipes."""

import sys

from keycel_backend.worker.process import main

if __name__ == "__main__":
    sys.exit(main())
