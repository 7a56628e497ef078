import ArgumentParser
import Dispatch
import Glibc
import ImageGate

/// Where the process begins: as one that decodes images for another, or as the program that its arguments ask for.
///
/// Not an asynchronous `main`, whose thread and event loop a helper would have before it has said a word.
@main
enum Program {
    static func main() {
        DecodingHelper.runIfAsked(CommandLine.arguments)
        Task { @MainActor in
            await E2BFCGI.main()
            exit(EXIT_SUCCESS)
        }
        dispatchMain()
    }
}
