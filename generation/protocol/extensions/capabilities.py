"""What a backend can do beyond fal's endpoints, by name.

A field of a request that fal does not have belongs to a capability (:func:`needed_by`). Our worker
names those that it has on its health page. The bot takes a request that needs some only where a
backend offers them (:class:`generation.backends.offers.Offers`), else it refuses with one sentence;
it routes the job to no other backend, and the client sends such a request to no backend but ours.
To add one: a name here, its rule in :func:`needed_by`, its words in
:mod:`generation.text.backends`, and the engine's ``capabilities``.
"""

from collections.abc import Iterable
from enum import StrEnum
from itertools import islice
from typing import Final

from generation.protocol.extensions.scenes import scenes_in
from generation.protocol.request import PLAIN_FRAMES, GenerationRequest


class Capability(StrEnum):
    """One thing that some backends can do, as the health page names it."""

    LOOP = "loop"
    """Clips that end where they begin, or run back again."""
    LENGTH = "length"
    """Clips of more frames than fal's endpoints make."""
    SCENES = "scenes"
    """Prompts that change on the way: :mod:`generation.protocol.extensions.scenes`."""
    SMOOTH = "smooth"
    """Clips with more frames a second than were drawn."""
    PICTURE = "picture"
    """Clips that begin with a picture."""


_MOST_NAMES: Final = 64


def needed_by(request: GenerationRequest) -> frozenset[Capability]:
    """What a backend must offer to make this clip; nothing for one that fal can make."""
    file = request.input_file
    rules = (
        (Capability.LOOP, request.loop is not None),
        (Capability.LENGTH, request.frames > PLAIN_FRAMES),
        (Capability.SCENES, bool(scenes_in(request.prompt))),
        (Capability.SMOOTH, request.smooth_fps is not None),
        (Capability.PICTURE, file is not None and not file.is_video),
    )
    return frozenset(capability for capability, is_needed in rules if is_needed)


def capabilities_named(names: object) -> frozenset[Capability]:
    """The capabilities among the names of an answer; those of a newer worker are left out."""
    if not isinstance(names, Iterable) or isinstance(names, str):
        return frozenset()
    given = {name for name in islice(names, _MOST_NAMES) if isinstance(name, str)}
    return frozenset(each for each in Capability if each.value in given)
