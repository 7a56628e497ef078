import Foundation
import TestSupport

@testable import ImageGate

/// The SVG of a recorded answer.
func recordedSVG(_ name: String) throws -> [UInt8] {
    struct Line: Decodable { var svg: String? }
    for line in try Recording.bytes(name).split(separator: UInt8(ascii: "\n")) {
        if let svg = try JSONDecoder().decode(Line.self, from: Data(line)).svg { return Array(svg.utf8) }
    }
    throw CocoaError(.fileReadCorruptFile)
}

/// A document of 100 by 100 with `content`, in which `xlink` is declared.
func svg(_ content: String, _ rootAttributes: String = "") -> [UInt8] {
    let namespaces = "xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""
    return Array("<svg \(namespaces) width=\"100\" height=\"100\" \(rootAttributes)>\(content)</svg>".utf8)
}

/// What the sanitiser makes of it.
func sanitised(_ bytes: [UInt8]) throws(ImageGateError) -> String {
    String(decoding: try SVGImage(sanitising: bytes, policy: ImagePolicy()).bytes, as: UTF8.self)
}

/// What is left of the content of `svg(content)`.
func sanitisedContent(_ content: String) throws(ImageGateError) -> String {
    let whole = try sanitised(svg(content))
    let start = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"100\""
    guard whole.hasPrefix(start) else { return whole }
    return String(whole.dropFirst(start.count + 1).dropLast("</svg>".count))
}

extension SVGRaster {
    /// Red, green, blue, alpha.
    subscript(x: Int, y: Int) -> [UInt8] {
        let offset = (y * width + x) * 4
        return Array(pixels[offset..<offset + 4])
    }
}

/// A PNG of one red pixel.
let redPNG =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"

/// The same, whose header says 5,000 by 5,000.
let hugePNG =
    "iVBORw0KGgoAAAANSUhEUgAAE4gAABOICAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
