"""The HTTP server of the bot and of the worker: uvicorn in the process's own event loop, guarded
against callers who send or read too little, too slowly or too much."""
