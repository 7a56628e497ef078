import E2B

/// The text of a result.
extension ExecutionResult {
    /// What is read of a result.
    struct Readable {
        let form: ExecutionRecord.Display.Form
        let text: String
        /// The SVG drawings of a page.
        var drawings: [String] = []
    }

    /// What is read of a result, and what is said of a format that cannot be shown. A page is read once for both.
    var reading: (readable: Readable?, note: String?) {
        let best = written ?? rich
        let note = note(isReadable: best != nil)
        // The name of the object is left out if a note says what the object is.
        return (best ?? (note == nil ? text.map { Readable(form: .text, text: $0) } : nil), note)
    }

    /// What is read beside the picture of a result: a formula that is drawn, as SymPy does it, is text as well. All else has only
    /// the name of its object there.
    var caption: Readable? {
        guard markdown != nil || latex != nil else { return nil }
        return written ?? latex.map { Readable(form: .latex, text: $0) }
    }

    /// The one format that tells most as text.
    var readable: Readable? { reading.readable }

    /// The text, unless it is only the name of an object that has a better format.
    var plainText: String? { text.flatMap { $0.isNameOfObject ? nil : $0 } }

    private var written: Readable? {
        markdown.map { Readable(form: .markdown, text: $0) } ?? plainText.map { Readable(form: .text, text: $0) }
    }

    private var rich: Readable? {
        if let json { return Readable(form: .json, text: json) }
        if let latex { return Readable(form: .latex, text: latex) }
        if let page = html.map(HTMLText.read), !page.text.isEmpty {
            return Readable(form: .text, text: page.text, drawings: page.drawings)
        }
        return (chart ?? data).map { Readable(form: .json, text: $0) }
    }

    /// One line about a format that cannot be shown, with advice.
    var note: String? { reading.note }

    private func note(isReadable: Bool) -> String? {
        if let drawing = extra.lazy.compactMap(Self.advice).first ?? html.flatMap(Self.adviceOnPage) { return drawing }
        guard !isReadable else { return nil }
        if let pdf {
            let size = (try? pdf.get().count).map { " of \($0) bytes" } ?? ""
            return "A PDF\(size), which is not shown here: save it as a file, or draw it as PNG."
        }
        if javascript != nil { return "A piece of JavaScript, which is not run here: print what it should show." }
        if let type = extra.first {
            return "A result of the type \(type.asType), which is not shown here: print it, or save it as a file."
        }
        if let html {
            return
                "HTML of \(html.utf8.count) bytes without any text, which is not shown here: save it as a file, or draw "
                + "it as PNG."
        }
        return nil
    }

    private static func advice(onType type: String) -> String? {
        let name = type.asType
        func begins(_ prefixes: String...) -> Bool { prefixes.contains(where: type.hasPrefix) }
        if begins("application/vnd.plotly") { return adviceOnPlotly }
        if begins("application/vnd.vega") {
            return
                "An Altair chart (\(name)), which is not shown here: call chart.save(\"chart.png\"), or draw it with "
                + "matplotlib."
        }
        if begins("application/vnd.bokeh", "application/vnd.holoviews") {
            return
                "A Bokeh plot (\(name)), which is not shown here: call bokeh.io.export_png(plot), or draw it with matplotlib."
        }
        if begins("application/vnd.jupyter.widget-view") {
            return "A widget (\(name)), which is not shown here: print its value."
        }
        if begins("image/") { return "A picture of the type \(name), which is not shown here: save it as PNG." }
        if begins("video/", "audio/") {
            return "A result of the type \(name), which is not shown here: save it as a file."
        }
        return nil
    }

    private static let adviceOnPlotly =
        "A Plotly figure (application/vnd.plotly.v1+json), which is not shown here: call fig.show(\"png\"), or "
        + "fig.write_image(\"figure.png\") and display that, for a picture of it."

    /// The note about pages that only a script fills.
    private static func adviceOnPage(_ html: String) -> String? {
        html.utf8.firstRange(of: "plotly-graph-div".utf8) == nil ? nil : adviceOnPlotly
    }
}

extension String {
    /// Whether the text is Python's name for an object without its content, such as `<IPython.core.display.HTML
    /// object>`.
    fileprivate var isNameOfObject: Bool {
        let line = utf8.prefix { $0 != UInt8(ascii: "\n") }
        guard line.count <= 500 else { return false }
        let isWhole = line.count == utf8.count
        if isWhole, line.isEmpty || line.elementsEqual("alt.Chart(...)".utf8) { return true }
        guard line.first == UInt8(ascii: "<"), line.last == UInt8(ascii: ">") else { return false }
        // Altair writes advice for people below the name.
        return isWhole || line.suffix(8).elementsEqual(" object>".utf8)
    }

    /// Returns the name of a MIME type for the note. The code has chosen it, so it may be anything.
    fileprivate var asType: String {
        let allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.+-_;=".utf8
        return String(decoding: utf8.prefix(100).filter(allowed.contains), as: UTF8.self)
    }
}
