/// Images whose pixels are to be seen as squares, such as heat maps. librsvg smooths all that it enlarges, so they are
/// enlarged here, as far as the drawing shows them.
extension SVGTree {
    private static let pixelated: Set<String> = [
        "pixelated", "crisp-edges", "optimizespeed", "-moz-crisp-edges", "-webkit-optimize-contrast", "-o-crisp-edges",
    ]
    /// The largest number of pixels of an enlarged image, and of all of them.
    private static let imagePixels = 4_000_000
    private static let allPixels = 8_000_000
    /// The length of a side in pixels, at the least: groups around an image may enlarge it further.
    private static let leastSide = 1000.0

    mutating func mendPixelatedImages(_ admission: Admission, _ cascade: inout SVGCascade) throws(ImageGateError) {
        var pixelsLeft = Self.allPixels
        for index in nodes.indices where nodes[index].name == "image" && isSVG(index) {
            guard let value = cascade.inherited("image-rendering", self, index),
                Self.pixelated.contains(value.lowercased()), let href = nodes[index].href,
                let image = SVGEmbeddedImage(href), image.type == .png, image.pixels <= Self.imagePixels
            else { continue }
            do throws(ImageGateError) {
                let chunks = try PNGChunkList(image.bytes) { header throws(ImageGateError) in
                    try admission.checkSize(header.size, of: .png)
                }
                let size = chunks.header.size
                let factor = enlargement(of: size, index, pixelsLeft)
                guard factor > 1 else { continue }
                let bitmap = try admission.bitmap(of: image.bytes, chunks, size: size)
                    .converted(from: chunks.profile(image.bytes)).oriented(chunks.orientation(image.bytes))
                    .enlarged(by: factor)
                pixelsLeft -= bitmap.size.area
                guard case .written(let bytes) = try PNGWriter(limit: SVGLimit.document).write(bitmap) else { continue }
                nodes[index].attributes.removeAll { $0.name == "href" }
                nodes[index]["href"] = SVGEmbeddedImage.url(bytes, .png)
            } catch {
                if error == .cancelled || error == .outOfMemory { throw error }
            }
        }
    }

    /// The factor by which a side of an image is enlarged. It is one for an image that has been enlarged.
    private func enlargement(of size: PixelSize, _ index: Int, _ pixelsLeft: Int) -> Int {
        let root = self.size
        let shown = root.fitted(shortSide: 768, longSide: 2000)
        let scale = Double(shown.width) / max(nodes[0]["viewBox"].flatMap(SVGViewBox.init)?.width ?? root.width, 1e-6)
        func wanted(_ name: String, _ pixels: Int) -> Double {
            let length = nodes[index][name].flatMap { SVGNumbers.length($0) } ?? 0
            let side = length.isFinite && length > 0 ? 2 * length * scale : Double(pixels)
            return min(max(side, Self.leastSide), 4000) / Double(pixels)
        }
        let factor = max(wanted("width", size.width), wanted("height", size.height)).rounded(.up)
        let room = (Double(min(Self.imagePixels, pixelsLeft)) / Double(max(size.area, 1))).squareRoot().rounded(.down)
        return Int(min(factor, room, 4000))
    }
}

extension Bitmap {
    /// Returns the bitmap with each pixel as a square of `factor` pixels a side.
    func enlarged(by factor: Int) -> Bitmap {
        let target = PixelSize(width: size.width * factor, height: size.height * factor)
        var enlarged: [UInt8] = []
        enlarged.reserveCapacity(target.area * layout.channels)
        for row in 0..<size.height {
            let start = enlarged.count
            for column in 0..<size.width {
                let pixel = row * rowBytes + column * layout.channels
                for _ in 0..<factor { enlarged += samples[pixel..<pixel + layout.channels] }
            }
            let end = enlarged.count
            for _ in 1..<max(factor, 1) { enlarged += enlarged[start..<end] }
        }
        return Bitmap(size: target, layout: layout, samples: enlarged)
    }
}
