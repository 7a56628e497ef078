"""How long Stop takes: from the moment when a client of the official MCP SDK 2 cancels a call to the code's last sign of life.

    stop.py URL KEY MODE [RUNS]

MODE is legacy, in which the SDK posts notifications/cancelled and leaves the call open, or 2026-07-28, in which it hangs up.
The key has to be one that names conversations, and the sandboxes must be on this machine: both times are of its clock.
"""
import asyncio, statistics, sys, time

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

URL, KEY, MODE = sys.argv[1:4]
RUNS = int(sys.argv[4]) if len(sys.argv) > 4 else 10
HEADERS = {"Authorization": f"Bearer {KEY}", "X-User-ID": "stop", "X-Conversation-ID": f"bench-{MODE}"}
PULSE = 'import time\nwhile True:\n    open("/home/user/pulse", "a").write(f"{time.time()}\\n")\n    time.sleep(0.005)\n'
CALLS = {"run_code": {"code": PULSE}, "shell": {"command": f"python3 -c '{PULSE}'"}}


async def pulse(client):
    """The time of the last sign of life; 0 before the first."""
    result = await client.call_tool("shell", {"command": "tail -n 1 /home/user/pulse 2>/dev/null | grep . || echo 0"})
    return float(result.content[0].text.split()[0])


async def stop(client, tool):
    """Seconds from the cancellation to the last sign of life."""
    await client.call_tool("shell", {"command": "rm -f /home/user/pulse"})
    call = asyncio.create_task(client.call_tool(tool, {**CALLS[tool], "timeout": 300}))
    while not await pulse(client):
        assert not call.done(), call.result()
        await asyncio.sleep(0.1)
    call.cancel()
    begin = time.time()
    await asyncio.wait([call])
    last = 0
    while last != (last := await pulse(client)):
        await asyncio.sleep(0.5)
    return max(0, last - begin)


async def main():
    async with httpx2.AsyncClient(headers=HEADERS, timeout=400) as http:
        async with Client(streamable_http_client(URL, http_client=http), mode=MODE) as client:
            await client.call_tool("run_code", {"code": "1"})
            for tool in CALLS:
                times = [await stop(client, tool) * 1000 for _ in range(RUNS)]
                print(
                    f"stop {MODE} {tool}: {min(times):.0f} ms at least, {statistics.median(times):.0f} in the median, "
                    f"{max(times):.0f} at most, of {RUNS}")
            await client.call_tool("end_session", {})


asyncio.run(main())
