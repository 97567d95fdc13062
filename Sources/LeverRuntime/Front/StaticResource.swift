package import NIOCore

/// Something that the front serves to GET beside the API, such as the tarball of the client package.
package struct StaticResource: Sendable {
    package var contentType: String
    package var body: ByteBuffer

    package init(contentType: String, body: ByteBuffer) {
        self.contentType = contentType
        self.body = body
    }
}
