"""The options of ``flipbook run``."""

from bot.commands.options import DataDir, EngineOption, Models, read_settings, start_logging
from bot.exit_codes import Exit, die, exit_on_error


def run(data_dir: DataDir = None, engine: EngineOption = None, models: Models = None) -> None:
    """Serve every chat that has a token, until a signal stops it."""
    from bot.chats import NoChatLeft  # noqa: PLC0415 - the whole service
    from bot.commands.run.process import AlreadyRunning, run_here  # noqa: PLC0415

    settings = read_settings(data_dir=data_dir, engine=engine, models=models)
    start_logging(settings)
    try:
        with exit_on_error():
            run_here(settings)
    except AlreadyRunning as error:
        die(
            Exit.BUSY,
            f"Another `flipbook run` is working in {error}. Stop it first, or set "
            "FLIPBOOK_DATA_DIR.",
        )
    except NoChatLeft as error:
        die(Exit.FAILED, str(error))
