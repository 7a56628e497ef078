/// LeakSanitizer asks a program for it. fontconfig keeps offsets where others keep pointers: what its patterns hold looks lost.
@_cdecl("__lsan_default_suppressions")
public func leakSuppressions() -> UnsafePointer<CChar> {
    let names: StaticString = "leak:libfontconfig"
    return UnsafeRawPointer(names.utf8Start).assumingMemoryBound(to: CChar.self)
}
