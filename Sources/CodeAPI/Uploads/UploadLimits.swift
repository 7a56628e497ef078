/// What an upload may have.
package struct UploadLimits: Equatable, Sendable {
    /// Bytes of one file.
    package var fileBytes = 150 << 20
    package var files = 200
    /// Text fields.
    package var fields = 100
    /// Bytes of one text field.
    package var fieldBytes = 64 << 10

    package init() {}
}
