package import NIOHPACK

/// A decoded header block: a request head, a response head or trailers. Names are in lower case and valid, pseudo-headers
/// stand first and fit the kind of block.
///
/// A block that a connection receives again, byte for byte, gives the same object, so what was found out from it can be
/// kept in ``memo``. Confined to the connection's event loop.
package final class HTTP2Head {
    /// All fields in their order, pseudo-headers included.
    package let headers: HPACKHeaders
    /// `:method` of a request.
    package let method: String?
    /// `:path` of a request.
    package let path: String?
    /// `:authority` of a request, or its `host` where there is none.
    package let authority: String?
    /// `:status` of a response head.
    package let status: Int?
    /// `content-length` where there is one.
    package let contentLength: Int?
    /// Whatever the stream's user wants to keep with the block.
    @exclusivity(unchecked) package var memo: AnyObject?

    package init(
        headers: HPACKHeaders, method: String? = nil, path: String? = nil, authority: String? = nil,
        status: Int? = nil, contentLength: Int? = nil
    ) {
        self.headers = headers
        self.method = method
        self.path = path
        self.authority = authority
        self.status = status
        self.contentLength = contentLength
    }

    /// Whether it is an informational response head (1xx).
    package var isInformational: Bool { status.map { $0 < 200 } ?? false }

    /// The first field with this name, which is in lower case.
    package subscript(name: String) -> String? { headers.first(name: name) }
}
