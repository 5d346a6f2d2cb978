"""The command as a cron job of another night runs it: `python -m tests.night_clock TIME ARGS...`.

Only the wall clock of the process is moved, by a library; everything else is what it is.
"""

from __future__ import annotations

import sys
from datetime import datetime

import time_machine

if __name__ == "__main__":
    moment = datetime.fromisoformat(sys.argv.pop(1))
    with time_machine.travel(moment, tick=True):
        from importer.__main__ import main

        sys.exit(main())
