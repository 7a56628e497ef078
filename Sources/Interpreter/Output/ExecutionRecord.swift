package import E2B
package import ImageGate

/// The record of an execution: all that the code printed, displayed, drew and threw. It is gathered once, and each
/// surface renders it in its own form.
///
/// The size of every part is limited while the part is gathered.
package struct ExecutionRecord: Sendable {
    /// How much of each part is kept.
    package enum Extent: Equatable, Sendable {
        /// Both ends of each part, for an answer that is one text of at most so many Unicode scalars. Consecutive
        /// displays of one kind become one part.
        case ends(scalars: Int)
        /// Each part as a whole, up to so many bytes. Displays stay separate.
        case parts(bytes: Int)
    }

    /// A displayed object, in the form that a model reads best.
    package struct Display: Sendable {
        package enum Form: String, Sendable {
            case markdown, text, json, latex, html
        }

        package let form: Form
        package fileprivate(set) var text: CapturedOutput
    }

    /// The reason why the code was stopped before its end, other than an exception of its own.
    package enum Stop: Equatable, Sendable {
        /// The code reached a limit.
        case limit(String)
        /// E2B failed while the code was running.
        case sandbox(String)

        package var sentence: String {
            switch self {
            case .limit(let sentence), .sandbox(let sentence): sentence
            }
        }
    }

    private let extent: Extent
    private let part: CapturedOutput
    package private(set) var stdout: CapturedOutput
    package private(set) var stderr: CapturedOutput
    private var stdoutBase64 = PrintedBase64Stream()
    private var stderrBase64 = PrintedBase64Stream()
    /// The pictures that stood in texts.
    private var pictures: [CapturedImage] = []
    private let secrets: SecretRedactor
    /// The main result's text.
    package private(set) var mainText: CapturedOutput
    package private(set) var displays: [Display] = []
    package private(set) var displaysLeftOut = 0
    /// One line for each kind of displayed object that cannot be shown.
    package private(set) var notes: [String] = []
    package private(set) var failure: ExecutionFailure?
    package private(set) var stop: Stop?
    package private(set) var images: [AdmittedImage] = []
    /// One line for each image that is not shown as it was made.
    package private(set) var imageNotes: [String] = []

    /// - Parameter secrets: the values that must not be cut in two, because half of one would not be recognised.
    package init(keeping extent: Extent, without secrets: SecretRedactor) {
        self.extent = extent
        self.secrets = secrets
        switch extent {
        case .ends(let scalars):
            let bytes = CapturedOutput.bytes(showing: scalars, secrets)
            part = CapturedOutput(limit: bytes, tail: bytes)
            stdout = CapturedOutput(ofTerminal: bytes, tail: bytes, without: secrets)
        case .parts(let bytes):
            part = CapturedOutput(limit: bytes)
            stdout = CapturedOutput(ofTerminal: bytes, without: secrets)
        }
        stderr = stdout
        mainText = part
    }

    package mutating func printed(_ text: String) {
        stdoutBase64.read(text, into: &stdout, &pictures, without: secrets)
    }
    package mutating func printedError(_ text: String) {
        stderrBase64.read(text, into: &stderr, &pictures, without: secrets)
    }

    /// Ends the output. Pictures that were printed as base64 are taken out of it, and a line stays in the place of each.
    ///
    /// - Returns: those, and the pictures of results that are texts.
    mutating func takePictures() -> [CapturedImage] {
        stdoutBase64.finish(into: &stdout, &pictures, without: secrets)
        stderrBase64.finish(into: &stderr, &pictures, without: secrets)
        stderr.replace(GlyphWarnings.collapsed)
        defer { pictures = [] }
        return pictures
    }

    /// Adds what is read of a result.
    ///
    /// - Parameter hasImage: whether a picture of it is shown, beside which there is only what the picture may not tell.
    package mutating func displayed(_ result: ExecutionResult, besideImage hasImage: Bool = false) {
        let (readable, note) = hasImage ? (result.caption, nil) : result.reading
        let text = readable.map { withoutPictures($0) }
        if result.isMainResult, mainText.isEmpty {
            // The plain text of a result that is Markdown counts here.
            let plain = readable?.form == .markdown ? result.plainText : nil
            if let text = plain ?? text { mainText.append(text) }
        }
        if let note, !notes.contains(note), notes.count < Self.displayLimit { notes.append(note) }
        guard let form = readable?.form, let text else { return }
        if case .ends = extent, let last = displays.indices.last, displays[last].isMarkdown == (form == .markdown) {
            displays[last].text.append(form == .markdown ? "\n\n" : "\n")
            displays[last].text.append(text)
        } else if displays.count < Self.displayLimit {
            var display = Display(form: form, text: part)
            display.text.append(text)
            displays.append(display)
        } else {
            displaysLeftOut += 1
        }
    }

    /// Keeps the pictures of a result that is a text, and returns the text without them.
    private mutating func withoutPictures(_ readable: ExecutionResult.Readable) -> String {
        for drawing in readable.drawings where pictures.count < PrintedBase64.pictureLimit {
            pictures.append(CapturedImage(bytes: secrets.checked(svg: drawing), type: .svg))
        }
        guard readable.text.utf8.count >= PrintedBase64.shortestPicture else { return readable.text }
        return PrintedBase64.replaced(in: Array(readable.text.utf8), &pictures, without: secrets)
            .map { String(decoding: $0, as: UTF8.self) } ?? readable.text
    }

    /// Adds an exception of the code. Only the first one is kept, because later ones repeat it.
    package mutating func failed(_ failure: ExecutionFailure) {
        if self.failure == nil { self.failure = failure }
    }

    package mutating func stopped(_ stop: Stop) {
        if self.stop == nil { self.stop = stop }
    }

    package mutating func drew(_ images: [AdmittedImage], notes: [String]) {
        self.images += images
        imageNotes += notes
    }

    /// The number of kept bytes. Parts that are small count as 0.
    package var heldCount: Int {
        stdout.heldCount + stderr.heldCount + mainText.heldCount + stdoutBase64.heldCount + stderrBase64.heldCount
            + pictures.reduce(0) { $0 + $1.byteCount }
            + displays.reduce(failure?.heldCount ?? 0) {
                $0 + $1.text.heldCount
            }
    }

    private static let displayLimit = 20
}

extension ExecutionRecord.Display {
    package var isMarkdown: Bool { form == .markdown }
}

extension ExecutionFailure {
    fileprivate var heldCount: Int {
        let count = name.utf8.count + value.utf8.count + traceback.utf8.count
        return count < CapturedOutput.smallCount ? 0 : count
    }
}
