"""The worker's settings: environment variables that begin with ``FLIPBOOK_WORKER_``, or a ``.env``
file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AnyHttpUrl, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from generation.protocol.hosts import is_loopback
from generation.protocol.paths import ExpandedPath
from generation.protocol.secret_files import SecretFiles
from worker.engines.animatediff.options import EngineOptions

MEBIBYTE: Final = 2**20


class EngineChoice(StrEnum):
    """Which engine to use; ``auto`` takes AnimateDiff when torch and the models are there, else the
    preview."""

    AUTO = "auto"
    ANIMATEDIFF = "animatediff"
    PREVIEW = "preview"


class WorkerSettings(BaseSettings):
    """Everything about a worker that its operator may set. Sizes in bytes, times in seconds."""

    model_config = SettingsConfigDict(
        env_prefix="FLIPBOOK_WORKER_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: Annotated[
        int, Field(ge=0, le=65535, description="Port to listen on; 0 takes any free one.")
    ] = 8650
    public_url: AnyHttpUrl | None = Field(
        default=None,
        description=(
            "Base of every URL in the worker's answers; without it, the address that "
            "the caller used."
        ),
    )
    data_dir: ExpandedPath = Field(
        default=Path("data/worker"), description="Folder for requests and finished clips."
    )
    models_dir: ExpandedPath | None = Field(
        default=None, description="Folder with the models of the AnimateDiff engine."
    )
    fast_decode: bool = Field(
        default=False,
        description="Whether AnimateDiff decodes with TAESD: quicker, with softer detail.",
    )
    safety_checker: bool = Field(
        default=False,
        description="Whether AnimateDiff refuses clips in which the safety checker sees nudity.",
    )
    engine: EngineChoice = Field(default=EngineChoice.AUTO, description="Which engine renders.")
    step_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=60,
            allow_inf_nan=False,
            description="How long each step of the preview engine lasts.",
        ),
    ] = 0
    deterministic: bool = Field(
        default=False,
        description=(
            "Whether AnimateDiff renders each clip alone: the same request, the same bytes."
        ),
    )
    animatediff: EngineOptions = Field(
        default_factory=EngineOptions,
        description="Further options of the AnimateDiff engine, as JSON.",
    )
    looks: bool = Field(
        default=False, description="Whether clips can be seen, small and rough, while they appear."
    )
    key: SecretStr | None = Field(
        default=None,
        description=(
            "Keys that callers may use, as id:secret, separated by commas. Without any, only this "
            "machine itself may call."
        ),
    )
    result_seconds: Annotated[
        int, Field(ge=60, description="How long results are kept after they are finished.")
    ] = 24 * 3600
    max_queue: Annotated[
        int, Field(ge=1, le=100_000, description="How many requests may wait at most.")
    ] = 1000
    max_streams: Annotated[
        int, Field(ge=1, description="How many status streams may be open at once.")
    ] = 2000
    max_disk_bytes: Annotated[
        int,
        Field(
            ge=64 * MEBIBYTE, description="How much the files in the data folder may take together."
        ),
    ] = 10 * 1024 * MEBIBYTE
    cors_origins: tuple[str, ...] = Field(
        default=(),
        description=(
            "Web pages that may call, as a JSON list of origins such as https://app.example.org."
        ),
    )
    webhooks_to_private: bool = Field(
        default=False,
        description="Whether webhooks may go to this machine and to private networks.",
    )
    inputs_from_private: bool = Field(
        default=False,
        description=(
            "Whether pictures and videos may be read from this machine and from private networks."
        ),
    )
    upload_seconds: Annotated[
        int, Field(ge=60, description="How long uploaded files are kept.")
    ] = 24 * 3600
    max_upload_bytes: Annotated[
        int,
        Field(ge=0, description="How much the uploads of one key may take together; 0 takes none."),
    ] = 1024 * MEBIBYTE
    ssl_certfile: ExpandedPath | None = Field(
        default=None, description="Certificate chain (PEM); serves https with it."
    )
    ssl_keyfile: ExpandedPath | None = Field(
        default=None, description="Private key (PEM) of the certificate."
    )
    hang_seconds: Annotated[
        float,
        Field(
            ge=0,
            allow_inf_nan=False,
            description="How long a step may be silent before the engine counts as hung.",
        ),
    ] = 60
    load_seconds: Annotated[
        float,
        Field(ge=0, allow_inf_nan=False, description="The same while it loads or compiles."),
    ] = 600
    listener_fd: Annotated[
        int | None,
        Field(
            ge=3, description="A listening socket that was inherited, in place of host and port."
        ),
    ] = None
    exit_with_parent: bool = Field(default=False, description="Exit when standard input ends.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's own names
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The keys may be in a file of their own."""
        files = SecretFiles(settings_cls, env_settings, dotenv_settings)
        return init_settings, env_settings, dotenv_settings, files

    @field_validator("key", mode="after")
    @classmethod
    def _well_formed(cls, key: SecretStr | None) -> SecretStr | None:
        """Raise ValueError, without quoting anything, when a key is not ``id:secret``."""
        for pair in _pairs(key):
            name, colon, secret = pair.partition(":")
            if not (name and colon and secret):
                raise ValueError("must be id:secret, or several of them separated by commas")
        return key

    @model_validator(mode="after")
    def _no_key_alone(self) -> Self:
        """Raise ValueError for a private key without its certificate, which would mean plain
        http."""
        if self.ssl_keyfile is not None and self.ssl_certfile is None:
            raise ValueError(
                "FLIPBOOK_WORKER_SSL_KEYFILE needs FLIPBOOK_WORKER_SSL_CERTFILE beside it"
            )
        return self

    @property
    def is_supervised(self) -> bool:
        """Whether a supervisor holds the port and restarts the worker; the worker then ends with
        it."""
        return self.exit_with_parent and self.listener_fd is not None

    @property
    def keys(self) -> dict[str, SecretStr]:
        """The secrets of all keys by key id."""
        # the first colon separates: secrets may have more of them
        pairs = (pair.partition(":") for pair in _pairs(self.key))
        return {name: SecretStr(secret) for name, _, secret in pairs}

    @property
    def on_loopback(self) -> bool:
        """True when only this machine can reach ``host``."""
        return is_loopback(self.host)

    @property
    def models_folder(self) -> Path:
        """The folder with the models of the AnimateDiff engine."""
        return self.models_dir or self.data_dir / "models"

    @property
    def database_url(self) -> str:
        """The worker's own database, in its data folder."""
        return f"sqlite:///{self.data_dir / 'worker.db'}"


def _pairs(key: SecretStr | None) -> list[str]:
    if key is None:
        return []
    return [pair.strip() for pair in key.get_secret_value().split(",") if pair.strip()]
