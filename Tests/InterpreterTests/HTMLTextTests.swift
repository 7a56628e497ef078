import Testing

@testable import Interpreter

struct HTMLTextTests {
    @Test(arguments: [
        ("<b>bold</b><script>alert(1)</script>", "bold"), ("a<br>b<p>c</p>d", "a\nb\n\nc\n\nd"),
        ("<h2>Title</h2><ul><li>one<li>two <b>x</b></ul>", "## Title\n\n- one\n- two x"),
        ("<ol start=3><li>a</li><li>b</li></ol>", "3. a\n4. b"),
        ("1 &lt; 2 &amp;&amp; 3 &#62; 2 &#x41;&nbsp;&euro; &unknown; & x", "1 < 2 && 3 > 2 A € &unknown; & x"),
        ("<table><tr><td>Rome</td><td>2.8</td></tr></table>", "| Rome | 2.8 |\n| --- | --- |"),
        (
            "<table><tr><th></th><th>a|b</th></tr><tr><th>0</th><td> 1\n2 </td></tr></table>",
            "| | a\\|b |\n| --- | --- |\n| 0 | 1 2 |"
        ),
        (
            "<table><tr><td rowspan=2>x</td><td>1</td></tr><tr><td>2</td></tr></table>",
            "| x | 1 |\n| --- | --- |\n| | 2 |"
        ),
        (
            "<table><tr><th colspan=2>x</th></tr><tr><td>1</td><td>2</td></tr></table>",
            "| x | |\n| --- | --- |\n| 1 | 2 |"
        ),
        ("<table><caption>Cities</caption><tr><td>a</td></tr></table>after", "Cities\n\n| a |\n| --- |\n\nafter"),
        ("<table><tr><td><table><tr><td>in</td><td>ner</td></tr></table></td></tr></table>", "| in ner |\n| --- |"),
        (
            "<img src='https://x/y.png' alt=map><img src='data:image/png;base64,AAAA'>",
            "![map](https://x/y.png)[picture]"
        ),
        ("<a href='https://x/'>here</a> <a href='javascript:1'>there</a>", "here (https://x/) there"),
        ("<pre>a\n  b</pre>", "a\n  b"), ("<!-- no --><?php no ?><!DOCTYPE html>yes", "yes"),
        (
            "<style>p{}</style><svg><text>x</text></svg><iframe srcdoc='<p>'></iframe>",
            "[drawing: it is shown as a picture] [embedded page]"
        ),
        (
            "<video src='http://x/a.mp4'>Your browser cannot.</video><iframe src=https://x/p></iframe>",
            "[video: http://x/a.mp4] [embedded page: https://x/p]"
        ),
        (
            "<audio controls><source src='http://x/a.wav' type='audio/wav'>no</audio><audio src='data:audio/wav;base64,AA'></audio>",
            "[audio: http://x/a.wav] [audio]"
        ),
        (
            "<object data=http://x/d.pdf>no</object><embed src='javascript:1'>after",
            "[object: http://x/d.pdf] [embed] after"
        ),
        ("<svg width=16 height=16><path/></svg> Save", "[drawing] Save"),
        ("<svg width='1em'/></svg>", "[drawing]"),
        ("a < b and <3", "a < b and <3"), ("<p title='a>b'>x", "x"), ("<script>never ends", ""),
        ("<table><tr><td>open", "| open |\n| --- |"),
        ("", ""), ("<", "<"), ("</", "</"), ("<div", ""), ("<a href=\"", ""), ("&", "&"),
    ])
    func `HTML is read as text`(html: String, text: String) {
        #expect(HTMLText.read(html).text == text)
    }

    @Test(arguments: [
        ("<svg width='90'><path d='M0 0'/></svg>", "<svg xmlns=\"http://www.w3.org/2000/svg\""),
        ("<p><svg xmlns='http://www.w3.org/2000/svg'><svg/></svg>", "<svg xmlns='http"),
        ("<img alt=a src='data:image/svg+xml;utf8,<svg width=\"50%\"/>'>", "<svg xmlns="),
        ("<img src=\"data:image/svg+xml,%3Csvg%20xmlns=&quot;x&quot;/%3E\">", "<svg xmlns=\"x\"/>"),
    ])
    func `a page's drawings are kept beside its text`(html: String, beginning: String) {
        let page = HTMLText.read(html)
        #expect(page.drawings.count == 1 && page.drawings[0].hasPrefix(beginning), "\(page)")
        #expect(page.text.contains("it is shown as a picture"))
    }

    @Test func `a page's picture stands in the text as its data URI`() {
        let uri = "data:image/png;base64,\(String(repeating: "iVBORw0K", count: 1000))"
        #expect(HTMLText.read("<td><img alt='a plot' src='\(uri)'>").text == "![a plot](\(uri))")
        #expect(HTMLText.read("<img src='data:image/gif;base64,R0lGOD'>").text == "[picture]")
    }

    @Test(.timeLimit(.minutes(2))) func `no HTML is slow to read or grows beyond measure`() {
        for piece in [
            "<table>", "<td colspan=9999 rowspan=9999>", "<tr>", "<ul><li>", "<!--", "<a b='", "&amp", "<script>", "</",
            "<pre>", "<svg>", "<video><source ", "<img src='data:image/svg+xml,<svg>'>",
            "<td>x<td colspan=500>", "</table><table>",
        ] {
            let html = String(repeating: piece, count: 20_000 / piece.utf8.count)
            #expect(HTMLText.read(html).text.utf8.count < 30 << 20)
        }
        let wide =
            "<table><tr>" + String(repeating: "<td>x", count: 600)
            + String(repeating: "<tr><td rowspan=9999>y", count: 600)
        #expect(HTMLText.read(wide).text.utf8.count < 64 << 20)
    }
}
