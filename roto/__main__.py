"""``python -m roto``."""

import sys

from roto.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
