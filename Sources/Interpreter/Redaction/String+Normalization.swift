// Foundation has the normalization forms, but needs all of ICU for them. The standard library has them for comparing
// strings.
@_spi(_Unicode) internal import Swift

extension String {
    /// The scalars of normalization form C (UAX #15).
    var composed: [UInt32] { _nfc.map(\.value) }
    /// The scalars of normalization form D.
    var decomposed: [UInt32] { _nfd.map(\.value) }
}
