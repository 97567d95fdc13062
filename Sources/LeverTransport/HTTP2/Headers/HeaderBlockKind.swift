/// What a header block is, which decides the pseudo-headers that it must have.
enum HeaderBlockKind {
    case request
    case response
    case trailers
}
