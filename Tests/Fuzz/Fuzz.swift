import Glibc

/// One reader under libFuzzer (https://llvm.org/docs/LibFuzzer.html): `Fuzz READER` and libFuzzer's own arguments.
@main enum Fuzz {
    static func main() {
        let names = FuzzedReader.allCases.map(\.rawValue).joined(separator: ", ")
        guard CommandLine.argc > 1, reader != nil else { fatalError("the first argument must be one of \(names)") }
        // The reader's name is where libFuzzer expects the program's.
        var count = CommandLine.argc - 1
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
        exit(runDriver(&count, &arguments, check))
    }

    fileprivate static let reader = CommandLine.arguments.dropFirst().first.flatMap(FuzzedReader.init)
}

/// libFuzzer's main program, for programs that have one of their own.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ check: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private func check(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do throws(Violation) {
        try Fuzz.reader?.check(Array(UnsafeBufferPointer(start: bytes, count: count)))
    } catch {
        fatalError("\(error)")
    }
    return 0
}
