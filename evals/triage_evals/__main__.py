"""``python -m triage_evals`` is ``triage eval``; ``make eval`` calls it."""

import sys

from triage.cli import main

sys.exit(main(["eval", *sys.argv[1:]]))
