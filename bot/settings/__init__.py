"""The operator's settings: what they are, how their values are written, and the environment."""

from bot.settings.environment import child_environment as child_environment
from bot.settings.environment import environment_names as environment_names
from bot.settings.environment import values_in_environment as values_in_environment
from bot.settings.reading import as_settings_error as as_settings_error
from bot.settings.reading import load_settings as load_settings
from bot.settings.reading import load_shared_settings as load_shared_settings
from bot.settings.reading import proxy_of as proxy_of
from bot.settings.reading import variable_of as variable_of
from bot.settings.settings import ENV_FILE as ENV_FILE
from bot.settings.settings import SECRET_URLS as SECRET_URLS
from bot.settings.settings import BackendName as BackendName
from bot.settings.settings import DashboardAccess as DashboardAccess
from bot.settings.settings import LogFormat as LogFormat
from bot.settings.settings import LogLevel as LogLevel
from bot.settings.settings import Settings as Settings
from bot.settings.settings import SettingsError as SettingsError
from bot.settings.settings import SharedSettings as SharedSettings
