// Foundation has the normalization forms only with all of ICU; the standard library has them for comparing strings.
@_spi(_Unicode) internal import Swift

extension String {
    /// Scalars of normalization form C (UAX #15).
    var composed: [UInt32] { _nfc.map(\.value) }
    /// Scalars of normalization form D.
    var decomposed: [UInt32] { _nfd.map(\.value) }
}
