"""Stop in a client of the official MCP SDK 2 for Python: the code ends, and the session lives on.

    mcp_cancel.py URL KEY MODE

MODE is legacy, in which the SDK posts notifications/cancelled and leaves the call open, or 2026-07-28, in which it hangs up.
"""
import asyncio, sys, time

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

URL, KEY, MODE = sys.argv[1:]
HEADERS = {"Authorization": f"Bearer {KEY}", "X-User-ID": "stop", "X-Conversation-ID": f"stop-{MODE}"}
LIMIT = 120  # seconds; the code would take 300
CODE = """
import time
n = 42
while True:
    with open("/home/user/code", "a") as beats: beats.write(".")
    time.sleep(0.05)
"""
COMMAND = "while true; do echo >> /home/user/command; sleep 0.05; done"


async def beats(client, name):
    result = await client.call_tool("shell", {"command": f"stat -c %s /home/user/{name} || echo 0"})
    return int(result.content[0].text.split()[0].strip("`") or 0)


async def stops(client, tool, arguments, name):
    call = asyncio.create_task(client.call_tool(tool, {**arguments, "timeout": 300}))
    while not await beats(client, name):
        assert not call.done(), call.result()
        await asyncio.sleep(0.1)
    call.cancel()
    await asyncio.wait([call])
    assert call.cancelled()
    begin = time.monotonic()
    # Other calls are heard meanwhile: the loop is gone when the file does not grow any more.
    count = -1
    while count != (count := await beats(client, name)):
        await asyncio.sleep(0.5)
    print(f"{tool}: {time.monotonic() - begin:.1f} s")


async def main():
    async with httpx2.AsyncClient(headers=HEADERS, timeout=400) as http:
        async with Client(streamable_http_client(URL, http_client=http), mode=MODE) as client:
            await client.call_tool("run_code", {"code": "1"})
            async with asyncio.timeout(LIMIT):
                await stops(client, "run_code", {"code": CODE}, "code")
                # In its turn: a kernel whose loop goes on would keep it waiting.
                result = await client.call_tool("run_code", {"code": "print('n is', n)"})
                assert "n is 42" in result.content[0].text, result
                await stops(client, "shell", {"command": COMMAND}, "command")
            await client.call_tool("end_session", {})
    print("all ok")


asyncio.run(main())
