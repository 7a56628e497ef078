package import FoundationEssentials

/// Tokens by which a caller goes on with a log.
extension LinkSigner {
    /// What a genuine token of a log says.
    package struct LogPlace: Equatable, Sendable {
        package let owner: StoreOwner
        package let log: LogID
        /// The number of entries that the log had.
        package let count: Int

        package init(owner: StoreOwner, log: LogID, count: Int) {
            self.owner = owner
            self.log = log
            self.count = count
        }
    }

    /// Hexadecimal digits.
    private static let countLength = 3
    private static let logTokenLength = StoreOwner.length + LogID.length + countLength + signedLength

    package func token(for place: LogPlace, expires: Date) -> String {
        let digits = Self.digits(place.count, count: Self.countLength)
        return signed(place.owner.text + place.log.text + digits, as: "log", expires: expires)
    }

    package func logPlace(_ token: some StringProtocol, now: Date = Date()) throws(Refusal) -> LogPlace {
        let (content, _) = try content(of: token, as: "log", length: Self.logTokenLength, now)
        guard let owner = StoreOwner(content.prefix(StoreOwner.length)),
            let log = LogID(content.dropFirst(StoreOwner.length).prefix(LogID.length)),
            let count = Int(content.suffix(Self.countLength), radix: 16)
        else { throw .forged }
        return LogPlace(owner: owner, log: log, count: count)
    }
}
