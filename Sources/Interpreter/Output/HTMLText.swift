import JSON

/// Converts HTML to text for a reader who sees no pages. Tables become Markdown tables, and headings and lists keep
/// their marks. Scripts and styles are left out, and drawings are returned beside the text.
///
/// The HTML comes from a program and may be anything. So each byte is read once, nothing recurses, and everything that
/// grows has a limit.
struct HTMLText {
    private let html: UnsafeBufferPointer<UInt8>
    private var at = 0
    /// The place of the `<` of the tag that was read last.
    private var tagStart = 0
    private var text = HTMLTextWriter()
    /// The open table, and the number of tables that are open inside its cells. The content of an inner table belongs
    /// to the cell.
    private var table: HTMLTable?
    private var innerTables = 0
    private var preformatted = 0
    /// The number of the next item of each open list; nil for a list with bullets.
    private var lists: [Int?] = []
    private var link: String?
    private var drawings: [String] = []

    /// The largest number of bytes of HTML that are read.
    private static let limit = 8 << 20
    private static let drawingLimit = 20

    /// What is read of a page. Its pictures stand in the text as `![name](source)`, with the whole data URI if the picture is in
    /// the page.
    struct Reading {
        let text: String
        /// The SVG drawings of the page.
        let drawings: [String]
    }

    static func read(_ html: String) -> Reading {
        var html = html
        return html.withUTF8 { HTMLText(html: UnsafeBufferPointer(rebasing: $0.prefix(limit))).reading() }
    }

    private init(html: UnsafeBufferPointer<UInt8>) { self.html = html }

    private consuming func reading() -> Reading {
        let text = readAll()
        return Reading(text: String(decoding: text, as: UTF8.self), drawings: drawings)
    }

    private mutating func readAll() -> [UInt8] {
        while at < html.count {
            if html[at] == UInt8(ascii: "<"), readMarkup() { continue }
            readText()
        }
        endTable()
        return text.finish()
    }

    // MARK: - Text

    private mutating func readText() {
        let start = at
        // The first byte may be a `<` that does not begin a tag.
        at += 1
        while at < html.count, html[at] != UInt8(ascii: "<") { at += 1 }
        write(HTMLCharacters.decoded(html[start..<at]))
    }

    private mutating func write(_ bytes: some Sequence<UInt8>) {
        if table?.isInCell == true {
            table?.write(bytes)
        } else if table == nil || table?.isEmpty == true {
            text.write(bytes, isPreformatted: preformatted > 0)
        }
    }

    private mutating func breakLine() {
        if table?.isInCell == true { table?.write(" ".utf8) } else if table == nil { text.breakLine() }
    }

    private mutating func breakBlock() {
        if table?.isInCell == true { table?.write(" ".utf8) } else if table == nil { text.breakBlock() }
    }

    // MARK: - Markup

    /// - Returns: false if the text here is not markup.
    private mutating func readMarkup() -> Bool {
        guard at + 1 < html.count else { return false }
        switch html[at + 1] {
        case UInt8(ascii: "!"):
            at = begins("<!--") ? end(of: "-->", from: at + 4) : end(of: ">", from: at + 2)
            return true
        case UInt8(ascii: "?"):
            at = end(of: ">", from: at + 2)
            return true
        case UInt8(ascii: "/"):
            guard at + 2 < html.count, html[at + 2].isLetter else { return false }
            at += 2
            let name = readName()
            at = end(of: ">", from: at)
            close(name)
            return true
        case let byte where byte.isLetter:
            tagStart = at
            at += 1
            let name = readName()
            open(name, readAttributes())
            return true
        default: return false
        }
    }

    /// Returns the name in lower case. It is cut to a length at which all known names are whole.
    private mutating func readName() -> String {
        var name: [UInt8] = []
        while at < html.count, html[at] > 0x20, html[at] != UInt8(ascii: ">"), html[at] != UInt8(ascii: "/") {
            if name.count < 16 { name.append(html[at].lowercased) }
            at += 1
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// Returns the attributes that have a meaning here, and skips to the end of the tag.
    private mutating func readAttributes() -> [String: String] {
        var attributes: [String: String] = [:]
        while at < html.count {
            while at < html.count, html[at] <= 0x20 || html[at] == UInt8(ascii: "/") { at += 1 }
            guard at < html.count, html[at] != UInt8(ascii: ">") else { break }
            let start = at
            at += 1
            while at < html.count, html[at] > 0x20, !"=>/".utf8.contains(html[at]) { at += 1 }
            let name = String(decoding: html[start..<min(at, start + 16)].map(\.lowercased), as: UTF8.self)
            var place = at
            while place < html.count, html[place] <= 0x20 { place += 1 }
            guard place < html.count, html[place] == UInt8(ascii: "=") else { continue }
            at = place + 1
            let value = readValue()
            if Self.attributes.contains(name), attributes[name] == nil {
                let limit = name == "src" ? Self.limit : Self.attributeLimit
                attributes[name] = String(decoding: HTMLCharacters.decoded(value.prefix(limit)), as: UTF8.self)
            }
        }
        at = min(at + 1, html.count)
        return attributes
    }

    private static let attributes: Set = [
        "alt", "src", "data", "href", "width", "height", "colspan", "rowspan", "value", "type", "start",
    ]
    private static let attributeLimit = 2000

    private mutating func readValue() -> Slice<UnsafeBufferPointer<UInt8>> {
        while at < html.count, html[at] <= 0x20 { at += 1 }
        guard at < html.count else { return html[at..<at] }
        let quote = html[at]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            let start = at
            while at < html.count, html[at] > 0x20, html[at] != UInt8(ascii: ">") { at += 1 }
            return html[start..<at]
        }
        let start = at + 1
        at = start
        while at < html.count, html[at] != quote { at += 1 }
        defer { at = min(at + 1, html.count) }
        return html[start..<at]
    }

    // MARK: - Elements

    private mutating func open(_ name: String, _ attributes: [String: String]) {
        switch name {
        case "svg":
            let start = tagStart
            skipContent(of: name)
            keepDrawing(String(decoding: html[start..<at], as: UTF8.self), attributes)
        case "audio", "video", "canvas", "iframe", "object", "embed":
            // What stands in them is for browsers without them, or the addresses of a film or a sound.
            let source = attributes["src"] ?? attributes["data"] ?? source(within: name)
            if name != "embed" { skipContent(of: name) }
            write(
                " [\(name == "iframe" ? "embedded page" : name)\(Self.address(source).map { ": \($0)" } ?? "")] ".utf8)
        case "script", "style", "template", "noscript", "title", "math", "textarea", "select":
            skipContent(of: name)
        case "br": breakLine()
        case "img": writeImage(attributes)
        case "input":
            if let value = attributes["value"], attributes["type"] != "hidden" { write(value.utf8) }
        case "a":
            link = Self.address(attributes["href"])
        case "h1", "h2", "h3", "h4", "h5", "h6":
            breakBlock()
            if table == nil { write((String(repeating: "#", count: Int(name.suffix(1)) ?? 1) + " ").utf8) }
        case "hr":
            breakBlock()
            if table == nil {
                write("---".utf8)
                breakBlock()
            }
        case "ul", "ol":
            if lists.isEmpty { breakBlock() } else { breakLine() }
            if lists.count < Self.depthLimit {
                lists.append(name == "ol" ? attributes["start"].flatMap { Int($0) } ?? 1 : nil)
            }
        case "li":
            breakLine()
            beginItem()
        case "table": beginTable()
        case "tr" where innerTables == 0: table?.beginRow()
        case "td", "th":
            if innerTables == 0 {
                table?.beginCell(
                    columns: attributes["colspan"].flatMap { Int($0) } ?? 1,
                    rows: attributes["rowspan"].flatMap { Int($0) } ?? 1)
            } else {
                table?.write(" ".utf8)
            }
        case "caption" where innerTables == 0: table?.beginCaption()
        case "pre":
            breakBlock()
            preformatted += 1
        default: if Self.blocks.contains(name) { breakBlock() }
        }
    }

    private mutating func close(_ name: String) {
        switch name {
        case "a":
            if let link = link.take() { write(" (\(link))".utf8) }
        case "ul", "ol":
            _ = lists.popLast()
            if lists.isEmpty { breakBlock() } else { breakLine() }
        case "li", "tr": breakLine()
        case "td", "th": if innerTables == 0 { table?.endCell() }
        case "caption": if innerTables == 0 { table?.endCell() }
        case "table":
            if innerTables > 0 { innerTables -= 1 } else { endTable() }
        case "pre":
            preformatted = max(preformatted - 1, 0)
            breakBlock()
        default: if Self.blocks.contains(name) { breakBlock() }
        }
    }

    private static let depthLimit = 100
    private static let blocks: Set = [
        "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "html",
        "main",
        "nav", "p", "section", "summary",
    ]

    private mutating func beginItem() {
        guard table == nil else { return }
        let indent = String(repeating: "  ", count: max(lists.count - 1, 0))
        if let last = lists.indices.last, let number = lists[last] {
            lists[last] = number &+ 1
            text.writeMark("\(indent)\(number). ")
        } else {
            text.writeMark("\(indent)- ")
        }
    }

    private mutating func writeImage(_ attributes: [String: String]) {
        let name = attributes["alt"] ?? ""
        guard let source = attributes["src"], !source.isEmpty else { return write(Self.picture(name)) }
        guard source.utf8.starts(with: "data:".utf8, by: { $0.lowercased == $1 }) else {
            return write("![\(name)](\(source.prefix(Self.attributeLimit)))".utf8)
        }
        if let drawing = source.drawingInDataURI {
            keepDrawing(drawing, attributes, named: name)
        } else if source.utf8.count >= PrintedBase64.shortestPicture {
            write("![\(name)](\(source))".utf8)
        } else {
            write(Self.picture(name))
        }
    }

    private static func picture(_ name: String) -> String.UTF8View {
        (name.isEmpty ? "[picture]" : "[picture: \(name)]").utf8
    }

    /// Returns an address that a reader can open; nil for a script, or for data.
    private static func address(_ source: String?) -> String? {
        source.flatMap { $0.hasPrefix("http://") || $0.hasPrefix("https://") ? String($0.prefix(attributeLimit)) : nil }
    }

    /// Finds the first `<source src>` inside the element that is open.
    private func source(within name: String) -> String? {
        var inner = HTMLText(html: html)
        inner.at = at
        for _ in 0..<Self.sourceLimit {
            guard let next = html[inner.at...].firstIndex(of: UInt8(ascii: "<")), next + 1 < html.count else {
                return nil
            }
            inner.at = next + 1
            if html[inner.at] == UInt8(ascii: "/") {
                inner.at += 1
                if inner.readName() == name { return nil }
            } else if inner.readName() == "source" {
                return inner.readAttributes()["src"]
            }
        }
        return nil
    }

    private static let sourceLimit = 8

    // MARK: - Drawings

    /// Keeps an `<svg>` element for showing it as a picture, unless it is as small as the icons of pages are.
    private mutating func keepDrawing(
        _ svg: String, _ attributes: [String: String], named name: String = ""
    ) {
        let isIcon = ["width", "height"].contains { attributes[$0].map(Self.isSizeOfIcon) ?? false }
        guard !isIcon, drawings.count < Self.drawingLimit else { return write(" [drawing] ".utf8) }
        drawings.append(svg.withSVGNamespace)
        write(" [drawing\(name.isEmpty ? "" : " of \(name)"): it is shown as a picture] ".utf8)
    }

    /// Whether a length is at most 32 pixels. Other units and percentages are no icon's, except `em`.
    private static func isSizeOfIcon(_ length: String) -> Bool {
        let number = length.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(number) else { return false }
        switch length.dropFirst(number.count).lowercased() {
        case "", "px": return value <= 32
        case "em", "rem": return value <= 2
        default: return false
        }
    }

    private mutating func beginTable() {
        if table == nil {
            text.breakBlock()
            table = HTMLTable()
        } else {
            innerTables += 1
        }
    }

    private mutating func endTable() {
        guard let table = table.take() else { return }
        innerTables = 0
        text.breakBlock()
        text.write(table.markdown, isPreformatted: true)
        text.breakBlock()
    }

    /// Skips to the end of an element whose content is not text.
    private mutating func skipContent(of name: String) {
        // An element of the same name inside it would end it too early, and a little more of it would be shown.
        while at < html.count {
            guard let next = html[at...].firstIndex(of: UInt8(ascii: "<")) else { return at = html.count }
            at = next
            if at + 2 + name.utf8.count <= html.count, html[at + 1] == UInt8(ascii: "/"),
                zip(html[(at + 2)...], name.utf8).allSatisfy({ $0.lowercased == $1 })
            {
                return at = end(of: ">", from: at)
            }
            at += 1
        }
    }

    private func begins(_ mark: StaticString) -> Bool {
        html.count - at >= mark.utf8CodeUnitCount
            && (0..<mark.utf8CodeUnitCount).allSatisfy { html[at + $0] == mark.utf8Start[$0] }
    }

    private func end(of mark: StaticString, from start: Int) -> Int {
        let count = mark.utf8CodeUnitCount
        var place = start
        while place + count <= html.count {
            if (0..<count).allSatisfy({ html[place + $0] == mark.utf8Start[$0] }) { return place + count }
            place += 1
        }
        return html.count
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
    fileprivate var lowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}

extension String {
    /// The SVG of a data URI that is not base64 (RFC 2397); nil if this is none.
    fileprivate var drawingInDataURI: String? {
        guard let comma = utf8.firstIndex(of: UInt8(ascii: ",")) else { return nil }
        let head = self[..<comma].lowercased()
        guard head.hasPrefix("data:image/svg+xml"), !head.hasSuffix(";base64") else { return nil }
        let content = self[utf8.index(after: comma)...]
        // Browsers take a percent sign that begins nothing for itself.
        return PercentEncoding.decode(content) ?? String(content)
    }

    /// The `<svg>` element with the namespace that HTML does not ask for and XML does.
    fileprivate var withSVGNamespace: String {
        let tag = utf8.prefix { $0 != UInt8(ascii: ">") }
        guard tag.firstRange(of: "xmlns".utf8) == nil, tag.count >= 4 else { return self }
        let place = utf8.index(startIndex, offsetBy: 4)
        return
            "\(self[..<place]) xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"\(self[place...])"
    }
}
