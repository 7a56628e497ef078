"""A published MCP client for Python against the service: lists, calls, pictures, errors.

    mcp_check.py URL KEY CLIENT

CLIENT is fastmcp for either version of that package, sdk1 for the official SDK 1, and auto, legacy or 2026-07-28 for a mode
of the SDK 2.
"""
import asyncio, base64, importlib.metadata, struct, sys
from contextlib import asynccontextmanager

URL, KEY, CLIENT = sys.argv[1:]
PACKAGE = "fastmcp" if CLIENT == "fastmcp" else "mcp"
# A conversation, and so a sandbox, for each client.
CONVERSATION = f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}-{CLIENT}"
HEADERS = {"Authorization": f"Bearer {KEY}", "X-User-ID": "check", "X-Conversation-ID": CONVERSATION}
PLOTS = """
import matplotlib.pyplot as plt
for color in ("red", "blue"):
    plt.plot([1, 2, 3], color=color)
    plt.show()
"""


async def check(client):
    """`client` has the methods of the official SDKs' sessions."""
    for step in (lists, runs_code, draws_pictures, tells_errors, works_with_files):
        await step(client)
    result = await client.call_tool("end_session", {})
    assert not failed(result), result


async def lists(client):
    tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools][:2] == ["run_code", "shell"], tools
    assert len(tools) == 10, tools


async def runs_code(client):
    result = await client.call_tool("run_code", {"code": "x = 6 * 7; print(x)"})
    assert not failed(result) and "42" in text(result), result
    # The same conversation, the same sandbox.
    result = await client.call_tool("run_code", {"code": "print(x + 1)"})
    assert "43" in text(result), result


async def draws_pictures(client):
    result = await client.call_tool("run_code", {"code": PLOTS})
    assert [block.type for block in result.content] == ["text", "image", "image"], result
    assert all(is_png(block) for block in result.content[1:]), "these are no pictures"


async def tells_errors(client):
    result = await client.call_tool("run_code", {"code": "1 / 0"})
    assert failed(result) and "ZeroDivisionError" in text(result), result
    result = await client.call_tool("run_code", {"code": 5})
    assert failed(result) and "`code` must be a string" in text(result), result
    try:
        await client.call_tool("nothing", {})
    except Exception as error:
        assert "There is no tool nothing" in str(error), error
    else:
        raise AssertionError("a tool that is not there was called")


async def works_with_files(client):
    result = await client.call_tool("write_file", {"path": "/home/user/a.txt", "content": "hello"})
    assert not failed(result), result
    result = await client.call_tool("list_files", {})
    assert "a.txt  5 bytes" in text(result), result
    result = await client.call_tool("read_file", {"path": "/home/user/a.txt"})
    assert text(result) == "hello", result
    result = await client.call_tool("shell", {"command": "cat a.txt; exit 3"})
    assert failed(result) and "hello" in text(result) and "Exit code 3" in text(result), result
    result = await client.call_tool("share_file", {"path": "/home/user/a.txt"})
    assert "http" in text(result), result


def text(result):
    return result.content[0].text


def failed(result):
    return result.isError if hasattr(result, "isError") else result.is_error


def is_png(block):
    data = base64.b64decode(block.data, validate=True)
    width, height = struct.unpack(">II", data[16:24])
    mime = getattr(block, "mimeType", None) or block.mime_type
    return mime == "image/png" and data.endswith(b"IEND\xaeB`\x82") and width > 100 and height > 100


@asynccontextmanager
async def fastmcp():
    from fastmcp import Client
    from fastmcp.client.transports import StreamableHttpTransport

    async with Client(StreamableHttpTransport(URL, headers=HEADERS)) as client:
        class Session:
            """With the answers as they came, where fastmcp has its own."""
            list_tools = client.list_tools_mcp

            async def call_tool(self, name, arguments):
                return await client.call_tool_mcp(name, arguments)

        yield Session()


@asynccontextmanager
async def sdk1():
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async with streamablehttp_client(URL, headers=HEADERS) as (reading, writing, _):
        async with ClientSession(reading, writing) as session:
            await session.initialize()
            await session.send_ping()
            yield session


@asynccontextmanager
async def sdk2():
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async with httpx2.AsyncClient(headers=HEADERS, timeout=120) as http:
        async with Client(streamable_http_client(URL, http_client=http), mode=CLIENT) as client:
            expected = "2025-11-25" if CLIENT == "legacy" else "2026-07-28"
            assert client.protocol_version == expected, client.protocol_version
            yield client


async def main():
    async with {"fastmcp": fastmcp, "sdk1": sdk1}.get(CLIENT, sdk2)() as client:
        await check(client)
    print("all ok")


asyncio.run(main())
