"""What a team would write for the same: fastmcp with E2B's official SDK, and one tool.

    fastmcp_peer.py PORT      its E2B is where E2B_API_URL and E2B_SANDBOX_URL say
"""
import sys

from e2b_code_interpreter import AsyncSandbox
from fastmcp import FastMCP
from mcp.types import ImageContent, TextContent

server = FastMCP("peer")
sandboxes = {}


@server.tool
async def run_code(code: str, session: str) -> list[TextContent | ImageContent]:
    """Runs code in the sandbox of a session."""
    sandbox = sandboxes.get(session) or await AsyncSandbox.create()
    sandboxes[session] = sandbox
    execution = await sandbox.run_code(code)
    texts = [*execution.logs.stdout, *(result.text for result in execution.results if result.text)]
    pictures = [result.png for result in execution.results if result.png]
    return [
        TextContent(type="text", text="".join(texts)),
        *(ImageContent(type="image", data=png.replace("\n", ""), mimeType="image/png") for png in pictures),
    ]


server.run("http", host="127.0.0.1", port=int(sys.argv[1]), stateless_http=True, json_response=True,
           show_banner=False, log_level="ERROR", uvicorn_config={"access_log": False})
