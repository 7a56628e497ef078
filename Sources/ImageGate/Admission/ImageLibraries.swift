internal import CImage
internal import CLCMS
internal import CWebP

/// The libraries that pictures are decoded with.
package enum ImageLibraries {
    /// Their versions, as they say them themselves while the program runs.
    package static var versions: [(name: String, version: String)] {
        var versions: [(name: String, version: String)] = []
        for index in 0..<CInt(cimage_library_count) {
            let library = cimage_library_at(index)
            versions.append((String(cString: library.name), String(cString: library.version)))
        }
        let webP = WebPGetDecoderVersion()
        versions.append(("libwebp", "\(webP >> 16).\(webP >> 8 & 0xff).\(webP & 0xff)"))
        // 2160 is 2.16.
        let lcms = cmsGetEncodedCMMversion()
        versions.append(("lcms2", "\(lcms / 1000).\(lcms / 10 % 100)"))
        return versions
    }
}
