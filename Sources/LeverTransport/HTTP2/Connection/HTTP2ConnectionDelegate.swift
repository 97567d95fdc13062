/// Who owns a connection. All calls come on its event loop.
package protocol HTTP2ConnectionDelegate: AnyObject {
    /// The peer opened a stream (server connections only). Returns who uses it from now on; `nil` where the request was
    /// answered or reset within this call.
    func connection(
        _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
    ) -> (any HTTP2StreamDelegate)?

    /// Both sides' SETTINGS have been exchanged: the peer speaks HTTP/2.
    func connectionIsReady(_ connection: HTTP2Connection)

    /// The connection takes no new streams and finishes those that it has: the peer said GOAWAY, or the last number was used.
    func connectionIsDraining(_ connection: HTTP2Connection)

    /// There is room for another stream where there was none.
    func connectionHasRoom(_ connection: HTTP2Connection)

    /// The last stream has ended, or the first has begun.
    func connection(_ connection: HTTP2Connection, isIdle: Bool)

    /// The connection is closed; all its streams have ended before. `reason` says why, for logs and errors.
    func connectionClosed(_ connection: HTTP2Connection, reason: String)
}

extension HTTP2ConnectionDelegate {
    package func connectionIsReady(_ connection: HTTP2Connection) {}
    package func connectionIsDraining(_ connection: HTTP2Connection) {}
    package func connectionHasRoom(_ connection: HTTP2Connection) {}
    package func connection(_ connection: HTTP2Connection, isIdle: Bool) {}
    package func connectionClosed(_ connection: HTTP2Connection, reason: String) {}
    package func connection(
        _ connection: HTTP2Connection, accepted stream: HTTP2Stream, head: HTTP2Head, endStream: Bool
    ) -> (any HTTP2StreamDelegate)? {
        stream.reset(.refusedStream)
        return nil
    }
}
