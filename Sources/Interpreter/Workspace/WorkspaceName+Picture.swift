import ImageGate

extension WorkspaceName {
    /// The type of picture for which callers take the file by its name, whatever is in it; nil if they do not.
    var pictureType: ImageType? {
        let name = text.utf8.split(separator: UInt8(ascii: "/")).last ?? text.utf8[...]
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else { return nil }
        return switch String(name[name.index(after: dot)...])?.lowercased() {
        case "png": .png
        case "jpg", "jpeg": .jpeg
        case "gif": .gif
        case "webp": .webp
        case "svg": .svg
        default: nil
        }
    }

    var isPicture: Bool { pictureType != nil }
}

extension ImageType {
    /// The end of the name of a file of this type.
    var fileExtension: String { self == .jpeg ? "jpg" : rawValue }
}
