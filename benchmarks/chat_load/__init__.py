"""What the two chats' load benchmarks share. Puts the checkout and its tests on the path."""

import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]

sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests")]
