import NIOCore

// Frames as they come in.
extension HTTP2Connection {
    func readFrames() {
        guard !isReading else { return }
        isReading = true
        defer { isReading = false }
        do throws(HTTP2Error) {
            guard try readPreface() else { return }
            while isOpen {
                if partialData != nil {
                    guard try readMoreData() else { break }
                    continue
                }
                guard let header = FrameHeader(peeking: incoming) else { break }
                guard header.length <= configuration.maximumFrameSize else {
                    throw .connection(
                        .frameSizeError,
                        "a frame of \(header.length) bytes; the limit is \(configuration.maximumFrameSize)")
                }
                guard incoming.readableBytes >= FrameHeader.size + header.length else {
                    guard beginPartialData(header) else { break }
                    continue
                }
                incoming.moveReaderIndex(forwardBy: FrameHeader.size)
                guard let payload = incoming.readSlice(length: header.length) else { break }
                do throws(HTTP2Error) {
                    try read(header, payload)
                } catch .stream(let id, let code, let text) {
                    try streamError(id, code, text)
                }
            }
        } catch {
            switch error {
            case .connection(let code, let text): close(code, reason: text)
            case .stream(_, let code, let text): close(code, reason: text)
            }
        }
        // Not even an empty slice stays: the socket reads into the same memory again if nobody else holds it.
        if !isOpen || incoming.readableBytes == 0 { incoming = ByteBuffer() }
    }

    /// From how many bytes on the beginning of a DATA frame is passed on before its end has come: putting it together would
    /// copy it, and hold on to the memory that the socket reads into.
    static let longData = 4_096

    private func beginPartialData(_ header: FrameHeader) -> Bool {
        guard header.type == .data, header.stream != 0, !header.flags.contains(.padded), partialBlock == nil,
            phase != .starting, incoming.readableBytes >= FrameHeader.size + Self.longData
        else { return false }
        incoming.moveReaderIndex(forwardBy: FrameHeader.size)
        partialData = PartialData(
            stream: header.stream, endStream: header.flags.contains(.endStream), missing: header.length)
        return true
    }

    /// Reads what has come of a DATA frame as if it were a frame of its own; `false` where that is too little.
    private func readMoreData() throws(HTTP2Error) -> Bool {
        guard var partial = partialData else { return false }
        guard incoming.readableBytes >= min(partial.missing, Self.longData),
            let part = incoming.readSlice(length: min(partial.missing, incoming.readableBytes))
        else { return false }
        partial.missing -= part.readableBytes
        partialData = partial.missing > 0 ? partial : nil
        let isLast = partial.missing == 0
        let header = FrameHeader(
            length: part.readableBytes, type: .data, flags: isLast && partial.endStream ? .endStream : [],
            stream: partial.stream)
        do throws(HTTP2Error) {
            try readData(header, part)
        } catch .stream(let id, let code, let text) {
            try streamError(id, code, text)
        }
        return true
    }

    /// Reads the client's first 24 bytes; `false` while they are not whole.
    private func readPreface() throws(HTTP2Error) -> Bool {
        guard !isPrefaceRead else { return true }
        let preface = FrameWriter.clientPreface
        let available = min(incoming.readableBytes, preface.utf8CodeUnitCount)
        let fits = incoming.withUnsafeReadableBytes { bytes in
            (0..<available).allSatisfy { bytes[$0] == preface.utf8Start[$0] }
        }
        guard fits else { throw .connection(.protocolError, "the connection does not begin with HTTP/2's preface") }
        guard available == preface.utf8CodeUnitCount else { return false }
        incoming.moveReaderIndex(forwardBy: available)
        isPrefaceRead = true
        return true
    }

    @inline(__always)
    private func read(_ header: FrameHeader, _ payload: ByteBuffer) throws(HTTP2Error) {
        if partialBlock != nil || phase == .starting { try checkOrder(header) }
        switch header.type {
        case .data: try readData(header, payload)
        case .headers: try readHeaders(header, payload)
        case .windowUpdate: try readWindowUpdate(header, payload)
        default: try readRareFrame(header, payload)
        }
    }

    private func checkOrder(_ header: FrameHeader) throws(HTTP2Error) {
        if let partialBlock {
            guard header.type == .continuation, header.stream == partialBlock.stream else {
                throw .connection(.protocolError, "another frame in the middle of a header block")
            }
        } else if phase == .starting {
            guard header.type == .settings, !header.flags.contains(.acknowledge) else {
                throw .connection(.protocolError, "the first frame is not SETTINGS")
            }
        }
    }

    private func readRareFrame(_ header: FrameHeader, _ payload: ByteBuffer) throws(HTTP2Error) {
        switch header.type {
        case .resetStream: try readReset(header, payload)
        case .settings: try readSettings(header, payload)
        case .ping: try readPing(header, payload)
        case .goAway: try readGoAway(header, payload)
        case .continuation: try readContinuation(header, payload)
        case .pushPromise:
            throw .connection(.protocolError, "PUSH_PROMISE, though push is switched off")
        case .priority:
            guard header.stream != 0 else { throw .connection(.protocolError, "PRIORITY on stream 0") }
            guard header.length == 5 else {
                throw .stream(header.stream, .frameSizeError, "PRIORITY of \(header.length) bytes")
            }
            try countIdleFrame()
        default:
            // Extensions that this side does not know are ignored.
            try countIdleFrame()
        }
    }

    func countIdleFrame() throws(HTTP2Error) {
        guard idleFrames.count(at: .now()) else {
            throw .connection(.enhanceYourCalm, "too many frames without effect")
        }
    }

    /// Takes the padding off a frame that may have it.
    func withoutPadding(_ header: FrameHeader, _ payload: ByteBuffer) throws(HTTP2Error) -> ByteBuffer {
        guard header.flags.contains(.padded) else { return payload }
        var payload = payload
        guard let padding = payload.readInteger(as: UInt8.self) else {
            throw .connection(.frameSizeError, "a padded frame without the length of its padding")
        }
        guard Int(padding) <= payload.readableBytes,
            let rest = payload.readSlice(length: payload.readableBytes - Int(padding))
        else { throw .connection(.protocolError, "\(padding) bytes of padding in a frame of \(header.length)") }
        return rest
    }

    /// An error of one stream: it is reset, the connection goes on.
    private func streamError(_ id: UInt32, _ code: HTTP2ErrorCode, _ text: String) throws(HTTP2Error) {
        try countIdleFrame()
        if let stream = streams.stream(id) {
            reset(stream, code, text)
        } else {
            writer.writeReset(id, code)
            recentResets.add(id)
            needsFlush()
        }
    }

    /// Counts a frame that answers the peer, and gives up on peers that ask and never read.
    func countAnswer() throws(HTTP2Error) {
        guard let context, !context.channel.isWritable || writer.pendingBytes > 1 << 20 else { return }
        answersWhileBlocked += 1
        guard answersWhileBlocked <= 10_000 else {
            throw .connection(.enhanceYourCalm, "the peer asks and does not read the answers")
        }
    }
}
