"""One of the official MCP SDKs for Python against the service: lists, calls, pictures, errors.

    mcp_check.py URL KEY MODE

MODE is auto, legacy or 2026-07-28 for the SDK 2, and session for the SDK 1.
"""
import asyncio, base64, struct, sys

URL, KEY, MODE = sys.argv[1:]
HEADERS = {"Authorization": f"Bearer {KEY}", "X-User-ID": "check", "X-Conversation-ID": f"check-{MODE}"}
PLOTS = """
import matplotlib.pyplot as plt
for color in ("red", "blue"):
    plt.plot([1, 2, 3], color=color)
    plt.show()
"""


def is_png(block):
    data = base64.b64decode(block.data, validate=True)
    width, height = struct.unpack(">II", data[16:24])
    mime = getattr(block, "mimeType", None) or block.mime_type
    return mime == "image/png" and data.endswith(b"IEND\xaeB`\x82") and width > 100 and height > 100


async def check(client):
    tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools][:2] == ["run_code", "shell"], tools
    assert len(tools) == 10, tools

    result = await client.call_tool("run_code", {"code": "x = 6 * 7; print(x)"})
    assert not failed(result) and "42" in result.content[0].text, result
    # The same conversation, the same sandbox.
    result = await client.call_tool("run_code", {"code": "print(x + 1)"})
    assert "43" in result.content[0].text, result

    result = await client.call_tool("run_code", {"code": PLOTS})
    assert [block.type for block in result.content] == ["text", "image", "image"], result
    assert all(is_png(block) for block in result.content[1:]), "these are no pictures"

    result = await client.call_tool("run_code", {"code": "1 / 0"})
    assert failed(result) and "ZeroDivisionError" in result.content[0].text, result
    result = await client.call_tool("run_code", {"code": 5})
    assert failed(result) and "`code` must be a string" in result.content[0].text, result

    result = await client.call_tool("write_file", {"path": "/home/user/a.txt", "content": "hello"})
    assert not failed(result), result
    result = await client.call_tool("list_files", {})
    assert "a.txt  5 bytes" in result.content[0].text, result
    result = await client.call_tool("read_file", {"path": "/home/user/a.txt"})
    assert result.content[0].text == "hello", result
    result = await client.call_tool("shell", {"command": "cat a.txt; exit 3"})
    assert failed(result) and "hello" in result.content[0].text and "Exit code 3" in result.content[0].text, result
    result = await client.call_tool("share_file", {"path": "/home/user/a.txt"})
    assert "http" in result.content[0].text, result
    try:
        await client.call_tool("nothing", {})
        raise AssertionError("a tool that is not there was called")
    except Exception as error:
        assert "There is no tool nothing" in str(error), error
    result = await client.call_tool("end_session", {})
    assert not failed(result), result


def failed(result):
    return result.isError if hasattr(result, "isError") else result.is_error


async def main():
    if MODE == "session":
        from mcp import ClientSession
        from mcp.client.streamable_http import streamablehttp_client

        async with streamablehttp_client(URL, headers=HEADERS) as (reading, writing, _):
            async with ClientSession(reading, writing) as session:
                await session.initialize()
                await session.send_ping()
                await check(session)
    else:
        import httpx2
        from mcp import Client
        from mcp.client.streamable_http import streamable_http_client

        async with httpx2.AsyncClient(headers=HEADERS, timeout=120) as http:
            async with Client(streamable_http_client(URL, http_client=http), mode=MODE) as client:
                expected = "2025-11-25" if MODE == "legacy" else "2026-07-28"
                assert client.protocol_version == expected, client.protocol_version
                await check(client)
    print("all ok")


asyncio.run(main())
