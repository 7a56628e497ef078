import TestSupport
import Testing

/// `POST /execute` through nginx, the responder and a real kernel.
@Suite(.sharedStack, .timeLimit(.minutes(10)))
struct ExecuteTests {
    @Test func `hello world is answered word for word`() async throws {
        let reply = try await SharedStack.client.execute("print('Hello, World!')")
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"]?.hasPrefix("application/json") == true)
        let answer = try ToolAnswer(reply)
        #expect(
            answer.text
                == "**Console Output:**\n```\nHello, World!\n```\n\n**Executed Code:**\n```python\nprint('Hello, World!')\n```"
        )
        #expect(answer.images.isEmpty)
    }

    @Test func `a sine wave is one PNG`() async throws {
        let code = """
            import matplotlib.pyplot as plt
            import numpy as np
            x = np.linspace(0, 10, 100)
            y = np.sin(x)
            plt.plot(x, y)
            plt.title("Sine Wave")
            plt.show()
            """
        let answer = try ToolAnswer(await SharedStack.client.execute(code))
        let image = try #require(answer.images.first)
        #expect(answer.images.count == 1)
        #expect(image.mimeType == "image/png")
        let size = try #require(image.pngSize)
        #expect((300...2000).contains(size.width) && (200...1000).contains(size.height))
        #expect(image.bytes.suffix(8).prefix(4).elementsEqual("IEND".utf8))
        #expect(!answer.text.contains("**Execution Error:**"))
    }

    @Test func `images come in the order they were made`() async throws {
        let code = """
            from PIL import Image
            from IPython.display import display
            for width in (30, 20, 10): display(Image.new("RGB", (width, 5)))
            """
        let answer = try ToolAnswer(await SharedStack.client.execute(code))
        #expect(answer.images.map { $0.pngSize?.width } == [30, 20, 10])
    }

    @Test func `an image too large is shown smaller, and the text says so`() async throws {
        let code = "from PIL import Image\nImage.linear_gradient('L').resize((4000, 3000))"
        let answer = try ToolAnswer(await SharedStack.client.execute(code))
        let size = try #require(answer.images.first?.pngSize)
        #expect(min(size.width, size.height) <= 768 && max(size.width, size.height) <= 2000)
        #expect(answer.text.contains("**Images:**\n"))
        #expect(answer.text.contains("4000×3000"))
    }

    @Test func `a GIF and a WebP are shown as PNG, of an animation the first frame`() async throws {
        let code = """
            import base64, io
            from IPython.display import Image as Shown, display
            from PIL import Image
            def encoded(kind, count):
                file = io.BytesIO()
                frames = [Image.new("RGB", (40, 30), (90 * n, 20, 30)) for n in range(count)]
                frames[0].save(file, kind, save_all=len(frames) > 1, append_images=frames[1:])
                return file.getvalue()
            display(Shown(data=encoded("gif", 3), format="gif"))
            display({"image/webp": base64.encodebytes(encoded("webp", 1)).decode(), "text/plain": "webp"}, raw=True)
            display({"image/gif": base64.b64encode(encoded("gif", 1)).decode()}, raw=True)
            display({"image/webp": base64.b64encode(encoded("webp", 2)).decode()}, raw=True)
            display({"image/gif": "R0lGODlh", "image/webp": base64.b64encode(encoded("webp", 2)).decode()}, raw=True)
            """
        let answer = try ToolAnswer(await SharedStack.client.execute(code))
        #expect(answer.images.map(\.mimeType) == Array(repeating: "image/png", count: 4))
        for image in answer.images {
            let size = try #require(image.pngSize)
            #expect((size.width, size.height) == (40, 30))
        }
        let notes = """
            **Images:**
            Image 1: first frame of a GIF, shown at 40×30
            Image 2: WebP, shown as PNG at 40×30
            Image 3: GIF, shown as PNG at 40×30
            Image 4: first frame of a WebP, shown at 40×30
            Image 5: rejected, the GIF ends early
            """
        #expect(answer.text.contains(notes), "\(answer.text)")
        #expect(!answer.text.contains("**Results:**"))
    }

    @Test func `an exception is an answer, with what was printed before it`() async throws {
        let reply = try await SharedStack.client.execute(
            "import sys\nprint('before')\nprint('warned', file=sys.stderr)\n1 / 0")
        #expect(reply.status == 200)
        let text = try ToolAnswer(reply).text
        #expect(text.hasPrefix("**Console Output:**\n```\nbefore\n```\n\n**Errors:**\n```\nwarned\n```\n\n"))
        #expect(text.contains("**Execution Error:**\n```\nZeroDivisionError: division by zero\n"))
        #expect(!text.contains("\u{1B}["))
    }

    @Test func `the last value is a result`() async throws {
        let text = try ToolAnswer(await SharedStack.client.execute("6 * 7")).text
        #expect(text.hasPrefix("**Results:**\n```\n42\n```\n\n**Executed Code:**"))
    }

    @Test func `envs are variables of the execution`() async throws {
        let envs = ["GREETING": "good \"morning\"", "EMPTY": ""]
        let reply = try await SharedStack.client.execute(
            "import os\nprint(os.environ['GREETING'], len(os.environ['EMPTY']))", ["envs": envs])
        #expect(try ToolAnswer(reply).text.contains("good \"morning\" 0\n"))
    }

    @Test func `code over its time limit is an answer that says so`() async throws {
        let reply = try await SharedStack.client.execute(
            "import time\nprint('started', flush=True)\ntime.sleep(60)", ["timeout": 5])
        #expect(reply.status == 200)
        let text = try ToolAnswer(reply).text
        #expect(text.contains("started"))
        #expect(text.contains("5 s"))
    }

    @Test(arguments: ["bash", "sh", "shell", "BASH"]) func `bash runs in bash`(language: String) async throws {
        let reply = try await SharedStack.client.execute(
            "echo $((6 * 7)) from ${BASH_VERSION%%.*}", ["language": language])
        let text = try ToolAnswer(reply).text
        #expect(text.contains("42 from 5"))
        #expect(text.contains("```bash\n"))
    }

    @Test func `text of any script comes back whole`() async throws {
        let text = try ToolAnswer(await SharedStack.client.execute("print('Zażółć 数据 🦆')")).text
        #expect(text.contains("Zażółć 数据 🦆\n```"))
    }

    @Test func `executions do not see each other's variables`() async throws {
        _ = try await SharedStack.client.execute("left_behind = 1")
        let text = try ToolAnswer(await SharedStack.client.execute("print('left_behind' in globals())")).text
        #expect(text.contains("\nFalse\n"))
    }
}
