"""The composition root: builds every part from the settings and joins them.

No other package knows all the parts.
"""

from bot.composition.app import App, Arrange, Ports, open_app
from bot.composition.backends import Role, open_backends
from bot.composition.stores import open_artifacts

__all__ = ["App", "Arrange", "Ports", "Role", "open_app", "open_artifacts", "open_backends"]
