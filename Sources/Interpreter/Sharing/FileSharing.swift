package import Store

/// Where files go that are shared by a link, and who signs the links.
package struct FileSharing: Sendable {
    let store: any FileStore
    let signer: LinkSigner
    /// For how long a link to a picture works.
    let pictureLifetime: Duration
    /// For how long any link works: a file is kept no longer.
    let longestLifetime: Duration
    /// The largest number of bytes of a file.
    let limit: Int

    package init(
        _ store: any FileStore, signer: LinkSigner, pictureLifetime: Duration, longestLifetime: Duration, limit: Int
    ) {
        self.store = store
        self.signer = signer
        self.pictureLifetime = pictureLifetime
        self.longestLifetime = longestLifetime
        self.limit = limit
    }
}

/// How the caller of an action reaches shared files.
package struct LinkUse: Sendable {
    /// The URL that a token and a name follow: `https://code.example/f`.
    package let base: String
    /// Whether the images of an execution become links, for the model to repeat, where an answer would have them.
    package let linksImages: Bool

    package init(base: String, linksImages: Bool = false) {
        self.base = base
        self.linksImages = linksImages
    }
}
