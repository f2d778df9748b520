"""Labels that several buttons share."""

from typing import Final

from generation.protocol.messages import mark

DELETE: Final = mark("Delete")
TRY_AGAIN: Final = mark("Try again")
