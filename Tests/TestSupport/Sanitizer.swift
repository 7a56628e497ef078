import Glibc

package enum Sanitizer {
    /// This was built with `--sanitize=address`.
    package static var isWatchingAddresses: Bool { dlsym(nil, "__asan_init") != nil }
}
