/// The coefficients of the components that the scans contain (ITU-T T.81, sections B.2.3 and G.1.1.1).
///
/// libjpeg accepts incomplete images: it shows a component without a scan as grey, and a progressive image without its
/// last scans blurred. If two scans have the same coefficients, it shows the last, and other viewers may show another
/// one. For scans in the wrong order libjpeg itself reports a warning.
struct JPEGCoverage {
    private let isProgressive: Bool
    /// For each component and each of its coefficients, the lowest bit that a scan has contained; nil if no scan has.
    private var lowestBits: [UInt8: [UInt8?]]

    init(_ frame: JPEGFrame) throws(ImageGateError) {
        isProgressive = frame.isProgressive
        let nothing = [UInt8?](repeating: nil, count: 64)
        lowestBits = Dictionary(frame.components.map { ($0, nothing) }) { first, _ in first }
        guard lowestBits.count == frame.components.count else {
            throw .malformed(.jpeg, why: "JPEG has two components of one name")
        }
    }

    mutating func add(scan payload: ArraySlice<UInt8>) throws(ImageGateError) {
        let header = Array(payload)
        guard let count = header.first.map({ Int($0) }), header.count == 4 + 2 * count else {
            throw .malformed(.jpeg, why: "JPEG has a scan header of the wrong length")
        }
        // The last three bytes have no meaning in a sequential image.
        let (first, last) = isProgressive ? (Int(header[1 + 2 * count]), Int(header[2 + 2 * count])) : (0, 63)
        let bit = isProgressive ? header[3 + 2 * count] & 15 : 0
        guard first <= last, last < 64 else { throw .malformed(.jpeg, why: "JPEG has a scan of no coefficients") }
        for index in 0..<count {
            guard var bits = lowestBits[header[1 + 2 * index]] else {
                throw .malformed(.jpeg, why: "JPEG has a scan of a component that it does not have")
            }
            // A progressive scan refines those before it.
            guard isProgressive || bits[0] == nil else {
                throw .malformed(.jpeg, why: "JPEG has a component twice")
            }
            for coefficient in first...last { bits[coefficient] = bit }
            lowestBits[header[1 + 2 * index]] = bits
        }
    }

    /// Checks, after the last scan, that all coefficients are present in full precision.
    func check() throws(ImageGateError) {
        guard lowestBits.values.allSatisfy({ $0.allSatisfy { $0 == 0 } }) else {
            throw .malformed(.jpeg, why: "JPEG lacks some of its scans")
        }
    }
}
