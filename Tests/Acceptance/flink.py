#!/usr/bin/env python3
"""Statements of which it is kept what Flink answers, asked of the binary over stored events and live. `flink.py BINARY`."""
import subprocess, sys
from support import *

done = subprocess.run([sys.executable, ROOT / "Tests/Differential/flink.py", "--binary", BINARY], capture_output=True, text=True)
print(done.stdout, done.stderr)
check(done.returncode == 0, "each verdict is the expected one")
