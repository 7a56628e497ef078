/// The content type of a download, by its name.
enum ContentType {
    static func of(_ name: String) -> String {
        let suffix = name.lowercased().split(separator: ".", omittingEmptySubsequences: false).dropFirst().last
        return types[suffix.map(String.init) ?? ""] ?? "application/octet-stream"
    }

    private static let types = [
        "csv": "text/csv; charset=utf-8", "gif": "image/gif", "html": "text/html; charset=utf-8",
        "jpeg": "image/jpeg", "jpg": "image/jpeg", "js": "text/javascript; charset=utf-8", "json": "application/json",
        "md": "text/markdown; charset=utf-8", "pdf": "application/pdf", "png": "image/png",
        "py": "text/x-python; charset=utf-8", "svg": "image/svg+xml", "txt": "text/plain; charset=utf-8",
        "webp": "image/webp", "xml": "text/xml; charset=utf-8", "zip": "application/zip",
    ]
}
