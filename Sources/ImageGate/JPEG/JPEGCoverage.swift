/// Which coefficients of which components the scans have brought. ITU-T T.81, B.2.3 and G.1.1.1.
///
/// libjpeg takes what it gets: a component without a scan is grey, a progressive image without its last scans is blurred, and
/// of two scans of the same the last is shown, which other viewers may see otherwise. It does warn of scans out of order.
struct JPEGCoverage {
    private let isProgressive: Bool
    /// By component, then coefficient: the lowest bit that has come; nil: none.
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
        // Of a sequential image the last three bytes mean nothing.
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

    /// After the last scan.
    func check() throws(ImageGateError) {
        guard lowestBits.values.allSatisfy({ $0.allSatisfy { $0 == 0 } }) else {
            throw .malformed(.jpeg, why: "JPEG lacks some of its scans")
        }
    }
}
