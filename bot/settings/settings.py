"""The operator's settings: environment variables and ``.env``, read once, passed on as values.

Names that other tools use too are kept (``DISCORD_TOKEN``, ``FAL_KEY``, …); all others begin with
``FLIPBOOK_``.
"""

from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.settings.money import CurrencySetting, PriceSetting
from bot.settings.values import (
    Credential,
    FalKey,
    Place,
    Secret,
    Text,
    comma_separated,
    server_ref,
    user_ref,
)
from generation.backends.urls import BaseUrl
from generation.backends.webhook_signature import FAL_JWKS_URL
from generation.domain.money.currency import Currency
from generation.domain.pricing import Price, Prices
from generation.domain.refs import ServerRef, UserRef
from generation.protocol.paths import ExpandedPath
from generation.protocol.proxies import Proxies
from generation.protocol.request import Endpoint
from generation.protocol.secret_files import SecretFiles
from generation.rules.limits import Limits, SomeLimits
from worker.settings import EngineChoice

SECRET_URLS: Final = frozenset({"database_url"})
"""Settings that are no secrets by type but may hold a password."""
ENV_FILE: Final = ".env"
"""The settings file, in the folder where ``flipbook`` is started; the environment wins over it."""


class BackendName(StrEnum):
    """Where clips can be made."""

    FAL = "fal"
    WORKER = "worker"


class DashboardAccess(StrEnum):
    """Who may see the dashboard: anyone who opens a one-time link on this machine, anyone whom the
    proxy in front lets through, or nobody."""

    LINK = "link"
    PROXY = "proxy"
    OFF = "off"


class LogFormat(StrEnum):
    """How log lines look; ``auto`` is console on a terminal and JSON elsewhere."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least severe lines that are written."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class SettingsError(Exception):
    """Settings that cannot be used; the message has one line per variable."""


def _from_variable(variable: str) -> Any:
    return Field(default=None, validation_alias=AliasChoices(variable))


class SharedSettings(BaseSettings):
    """The settings that the worker's commands take too: it knows none of the bot's secrets."""

    model_config = SettingsConfigDict(
        env_prefix="FLIPBOOK_",
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    data_dir: ExpandedPath = Path("data")
    models: ExpandedPath | None = None
    log_format: LogFormat = LogFormat.AUTO
    log_level: LogLevel = LogLevel.INFO


class Settings(SharedSettings):
    """Every setting with its default; ``docs/operators/configuration.md`` says what each is for."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's own names
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Secrets may be in files of their own."""
        files = SecretFiles(settings_cls, env_settings, dotenv_settings, also=SECRET_URLS)
        return init_settings, env_settings, dotenv_settings, files

    discord_token: Credential = _from_variable("DISCORD_TOKEN")
    slack_bot_token: Credential = _from_variable("SLACK_BOT_TOKEN")
    slack_app_token: Credential = _from_variable("SLACK_APP_TOKEN")
    slack_signing_secret: Credential = _from_variable("SLACK_SIGNING_SECRET")
    # NoDecode: a list is written with commas, not as JSON
    slack_admins: Annotated[frozenset[str], NoDecode, BeforeValidator(comma_separated)] = (
        frozenset()
    )
    operators: Annotated[
        frozenset[Annotated[UserRef, BeforeValidator(user_ref)]],
        NoDecode,
        BeforeValidator(comma_separated),
    ] = frozenset()
    fal_key: FalKey = _from_variable("FAL_KEY")

    backends: Annotated[tuple[BackendName, ...], NoDecode, BeforeValidator(comma_separated)] = ()
    allowed_servers: Annotated[
        frozenset[Annotated[ServerRef, BeforeValidator(server_ref)]],
        NoDecode,
        BeforeValidator(comma_separated),
    ] = frozenset()
    daily_budget: Annotated[Decimal, Field(ge=0, le=1_000_000)] = Decimal(10)
    monthly_budget: Annotated[Decimal, Field(ge=0, le=30_000_000)] | None = None
    currency: CurrencySetting = Currency()
    price_standard: PriceSetting = Price(Decimal("0.05"))
    price_turbo: PriceSetting = Price(Decimal("0.01"))
    price_worker_standard: PriceSetting = Price()
    price_worker_turbo: PriceSetting = Price()
    default_limits: Limits = Field(default_factory=Limits)
    ceilings: SomeLimits = Field(default_factory=dict)
    ceilings_of: dict[Annotated[ServerRef, BeforeValidator(server_ref)], SomeLimits] = Field(
        default_factory=dict
    )

    http_proxy: Text = _from_variable("HTTP_PROXY")
    https_proxy: Text = _from_variable("HTTPS_PROXY")
    all_proxy: Text = _from_variable("ALL_PROXY")
    no_proxy: Text = _from_variable("NO_PROXY")

    worker_url: Text = None
    worker_key: Credential = None
    worker_ca: ExpandedPath | None = None
    fal_queue_url: str = "https://queue.fal.run"
    fal_jwks_url: str = FAL_JWKS_URL
    discord_api_url: str = "https://discord.com/api/v10"
    discord_gateway_url: str = "wss://gateway.discord.gg/"
    slack_api_url: str = "https://slack.com/api/"

    database_url: Place = None
    artifacts_url: Place = None
    secret_key: Secret = None
    disk_reserve_mb: Annotated[int, Field(ge=0, le=1_000_000)] = 512
    public_url: Text = None
    dashboard: DashboardAccess = DashboardAccess.LINK
    dashboard_secret: Credential = None
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8080

    engine: EngineChoice = EngineChoice.AUTO
    looks: bool = False
    preview_step_seconds: Annotated[float, Field(ge=0, le=60)] = 0.0
    jobs_in_flight: Annotated[int, Field(ge=1, le=10_000)] = 64

    @field_validator(
        "worker_url",
        "public_url",
        "fal_queue_url",
        "fal_jwks_url",
        "discord_api_url",
        "slack_api_url",
    )
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value

    @field_validator("worker_url", "fal_queue_url")
    @classmethod
    def _is_backend_address(cls, value: str | None) -> str | None:
        if value is not None:
            BaseUrl.parse(value)  # raises a sentence; the client parses it again
        return value

    @model_validator(mode="after")
    def _fal_needs_a_key(self) -> Self:
        if BackendName.FAL in self.backends and self.fal_key is None:
            raise ValueError("FLIPBOOK_BACKENDS names fal, but FAL_KEY is not set")
        return self

    @model_validator(mode="after")
    def _a_proxy_needs_a_secret(self) -> Self:
        if self.dashboard is DashboardAccess.PROXY and self.dashboard_secret is None:
            raise ValueError(
                "FLIPBOOK_DASHBOARD is proxy, but FLIPBOOK_DASHBOARD_SECRET is not set: without it "
                "anybody could name themselves"
            )
        return self

    @property
    def preferred_backends(self) -> tuple[BackendName, ...]:
        """The backends in order of preference: as set, else those with a key or an address, else
        the embedded worker."""
        if self.backends:
            return tuple(dict.fromkeys(self.backends))  # without doubles, in order
        # a worker with an address is free of charge, so it comes before fal
        found = [BackendName.WORKER] if self.worker_url else []
        if self.fal_key is not None:
            found.append(BackendName.FAL)
        return tuple(found) or (BackendName.WORKER,)

    @property
    def embeds_worker(self) -> bool:
        """Whether this process has to start a worker."""
        return BackendName.WORKER in self.preferred_backends and self.worker_url is None

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return self.data_dir.absolute()

    @property
    def database(self) -> str:
        """The database's URL: the one set, else a SQLite file in the data folder."""
        return self.database_url or f"sqlite:///{self.folder / 'flipbook.db'}"

    def check_shared(self) -> None:
        """Raise SettingsError for a server's database with secrets or clips kept on this machine.

        Several processes may share it: each must read the others' tokens and clips.
        """
        if not self.database.startswith("postgres"):
            return
        if self.secret_key is None:
            raise SettingsError(
                "FLIPBOOK_SECRET_KEY: has to be set with PostgreSQL, to the same key for all that "
                "share the database; otherwise one cannot read the tokens that another has stored. "
                f"{self._key_to_set()}"
            )
        where = self.artifacts_url
        if where is None or not ("://" in where or Path(where).is_absolute()):
            raise SettingsError(
                "FLIPBOOK_ARTIFACTS_URL: has to be set with PostgreSQL, to a place that all who "
                "share the database see: s3://bucket/path, or a mounted folder's full path. Until "
                f"now clips are in {self.folder / (where or 'clips')}."
            )

    def _key_to_set(self) -> str:
        made = self.folder / "secret.key"
        if made.exists():
            return f"Its tokens so far are under the key in {made}."
        return "`openssl rand -base64 32 | tr +/ -_` makes one."

    @property
    def clips(self) -> Path | str:
        """Where clips are kept: the folder or URL that is set, else a folder in the data folder."""
        return self.artifacts_url or self.folder / "clips"

    @property
    def outside(self) -> dict[str, str]:
        """The address of every outside party that these settings name, by its name for people."""
        urls = {
            "fal": self.fal_queue_url if BackendName.FAL in self.preferred_backends else None,
            "the worker": self.worker_url,
            "Discord": self.discord_api_url if self.discord_token is not None else None,
            "Slack": self.slack_api_url if self.slack_bot_token is not None else None,
        }
        return {name: url for name, url in urls.items() if url is not None}

    @property
    def proxies(self) -> Proxies:
        """Which proxy leads to which address."""
        return Proxies(self.http_proxy, self.https_proxy, self.all_proxy, self.no_proxy)

    @property
    def prices(self) -> Prices:
        """What clips cost, as set: at fal, and at a worker of one's own."""
        return Prices(
            {
                BackendName.FAL: {
                    Endpoint.STANDARD: self.price_standard,
                    Endpoint.TURBO: self.price_turbo,
                },
                BackendName.WORKER: {
                    Endpoint.STANDARD: self.price_worker_standard,
                    Endpoint.TURBO: self.price_worker_turbo,
                },
            },
        )
