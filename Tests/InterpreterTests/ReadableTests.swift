import E2B
import Testing

@testable import Interpreter

/// What a reader gets of a result that is no picture.
struct ReadableTests {
    private func result(_ text: String? = nil, _ change: (inout ExecutionResult) -> Void = { _ in }) -> ExecutionResult
    {
        var result = ExecutionResult(text: text)
        change(&result)
        return result
    }

    private func rendered(_ results: ExecutionResult...) -> String {
        var record = ExecutionRecord(keeping: .ends(scalars: 10_000), without: .none)
        for result in results { record.displayed(result) }
        return ExecutionMarkdown(record, limit: 10_000).rendered()
    }

    @Test(arguments: [
        "<IPython.core.display.HTML object>", "<pandas.io.formats.style.Styler at 0x7f51d8>",
        "<folium.folium.Map object at 0x7f>",
        "<VegaLite 5 object>\n\nIf you see this message, it means the renderer has not been properly enabled",
    ])
    func `the name of an object gives way to its richer form`(name: String) {
        let html = result(name) { $0.html = "<table><tr><td>Rome</td></tr></table>" }
        #expect(html.readable?.text == "| Rome |\n| --- |" && html.note == nil)
        #expect(result(name) { $0.latex = "$a^2$" }.readable?.text == "$a^2$")
        #expect(result(name) { $0.json = #"{"a":1}"# }.readable?.text == #"{"a":1}"#)
        #expect(result(name) { $0.chart = #"{"type":"line"}"# }.readable?.text == #"{"type":"line"}"#)
        #expect(result(name).readable?.text == name)
    }

    @Test func `beside a picture a formula is read, and nothing else`() {
        func shown(_ result: ExecutionResult) -> String {
            var record = ExecutionRecord(keeping: .ends(scalars: 10_000), without: .none)
            record.displayed(result, besideImage: true)
            return ExecutionMarkdown(record, limit: 10_000).rendered()
        }
        #expect(shown(result("x**2") { $0.latex = "$x^2$" }).contains("x**2"))
        #expect(shown(result("<X object>") { $0.latex = "$x^2$" }).contains("$x^2$"))
        for plot in ["<Figure size 640x480 with 1 Axes>", "plot without title", "Board()"] {
            #expect(shown(result(plot) { ($0.html, $0.chart, $0.extra) = ("<b>b</b>", "{}", ["text/x"]) }).isEmpty)
        }
    }

    @Test func `a text that says something stays`() {
        for text in ["   a\n0  1", "<x> is an element", "<a> and <b> are\nelements", "42"] {
            #expect(result(text) { $0.html = "<p>other" }.readable?.text == text)
        }
    }

    @Test(arguments: [
        ("application/vnd.plotly.v1+json", "Plotly"), ("application/vnd.vegalite.v5+json", "Altair"),
        ("application/vnd.bokehjs_exec.v0+json", "Bokeh"), ("application/vnd.jupyter.widget-view+json", "widget"),
        ("image/avif", "image/avif"), ("application/geo+json", "application/geo+json"), ("video/mp4", "video/mp4"),
        ("x/**[y](z)\n", "x/yz"),
    ])
    func `a type that cannot be shown is named, with what to do`(type: String, name: String) {
        for text in [nil, "<object>"] {
            let text = rendered(result(text) { $0.extra = [type] })
            #expect(text.hasPrefix("**Results:**\n") && text.contains(name) && text.contains("not shown"), "\(text)")
            #expect(!text.contains("<object>"))
        }
    }

    @Test func `a page of scripts is one line`() {
        let scripts = "<div><script>" + String(repeating: "var a=1;", count: 60_000) + "</script><div id=c></div></div>"
        let text = rendered(
            result { $0.html = scripts },
            result { ($0.html, $0.extra) = (scripts, ["application/vnd.plotly.v1+json"]) },
            result { $0.html = "<div class=\"plotly-graph-div\"></div>\(scripts)" },
            result("<IPython.core.display.Javascript object>") { $0.javascript = "alert(1)" },
            result { $0.pdf = .success([1, 2, 3]) })
        #expect(!text.contains("var a=1"))
        for words in ["HTML of 4800", "A Plotly figure", "A piece of JavaScript", "A PDF of 3 bytes"] {
            #expect(text.contains(words), "\(words) is not in \(text)")
        }
        #expect(text.split(separator: "\n").count == 5)
    }

    @Test(arguments: [
        ("```\nopen", "```\nopen\n```"), ("~~~~py\nx\n~~~", "~~~~py\nx\n~~~\n~~~~"), ("- ```\n  x", "- ```\n  x\n```"),
        ("```\na\n```\nb", "```\na\n```\nb"), ("`a` ```b``` ", "`a` ```b``` "), ("<!-- x", "<!-- x\n-->"),
        ("plain", "plain"),
    ])
    func `a code block of a Markdown result does not swallow what follows`(markdown: String, shown: String) {
        #expect(rendered(result { $0.markdown = markdown }) == "**Results:**\n" + shown)
    }

    @Test func `each of chained exceptions stands apart`() {
        let rule = String(repeating: "-", count: 75)
        let traceback =
            rule + "ValueError      Traceback (most recent call last)Cell In[1], line 2\n----> 2 int(\"x\")\n"
            + "ValueError: bad\nThe above exception was the direct cause of the following exception:\n"
            + "KeyError       Traceback (most recent call last)Cell In[1], line 4\n----> 4 {}[1]\nKeyError: 1\n\n"
            + "During handling of the above exception, another exception occurred:\(rule)\n"
            + "RuntimeError   Traceback (most recent call last)File /x.py:6\n----> 6 f(\"Traceback (most recent call last)\")"
        #expect(
            ExecutionFailure(name: "", value: "", traceback: traceback).readableTraceback == """
                ValueError      Traceback (most recent call last)
                Cell In[1], line 2
                ----> 2 int("x")
                ValueError: bad

                The above exception was the direct cause of the following exception:

                KeyError       Traceback (most recent call last)
                Cell In[1], line 4
                ----> 4 {}[1]
                KeyError: 1

                During handling of the above exception, another exception occurred:

                RuntimeError   Traceback (most recent call last)
                File /x.py:6
                ----> 6 f("Traceback (most recent call last)")
                """)
    }
}
