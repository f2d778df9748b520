"""A SOCKS5 proxy (RFC 1928 and 1929) that connects every host to one port of this machine, and notes what was asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from doubles.http.live_http import Handle, RawServer, raw_server

USER, PASSWORD = b"me", b"p@ss"


@dataclass
class SocksProxy:
    """The proxy's address, with its login, and the names that it was asked to connect to."""

    url: str
    hosts: list[str] = field(default_factory=list)


@asynccontextmanager
async def socks_leading_everybody_to(port: int) -> AsyncIterator[SocksProxy]:
    """A proxy that takes one login, and whose every connection ends at that port of 127.0.0.1."""
    proxy = SocksProxy("")

    def serving(_seen: RawServer) -> Handle:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            _, methods = await reader.readexactly(2)
            assert 2 in await reader.readexactly(methods)
            writer.write(b"\x05\x02")
            _, size = await reader.readexactly(2)
            user = await reader.readexactly(size)
            password = await reader.readexactly((await reader.readexactly(1))[0])
            assert (user, password) == (USER, PASSWORD)
            writer.write(b"\x01\x00")
            *_, kind = await reader.readexactly(4)
            length = (await reader.readexactly(1))[0] if kind == 3 else {1: 4, 4: 16}[kind]
            host = await reader.readexactly(length)
            await reader.readexactly(2)
            proxy.hosts.append(host.decode() if kind == 3 else host.hex())
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            try:
                await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
            finally:
                inner_writer.close()

        return handle

    async with raw_server(serving) as server:
        proxy.url = server.url.replace("http://", "socks5://me:p%40ss@")
        yield proxy


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
