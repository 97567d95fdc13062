internal import CZlib
internal import LeverCore

/// Compresses bytes as they come, in the gzip format without name and time, so that the same input gives the same output.
final class GzipStream {
    /// zlib keeps the address of its stream, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var buffer = [UInt8](repeating: 0, count: 32 * 1024)

    /// - Throws: `RuntimeError` where zlib cannot be used.
    init() throws(RuntimeError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, and 16 for the gzip format.
        let status = deflateInit2_(
            stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            stream.deallocate()
            throw RuntimeError(.package, "zlib cannot compress: error \(status)")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Takes bytes and appends what they became to `output`, which may be nothing yet.
    func write(_ bytes: ArraySlice<UInt8>, to output: inout [UInt8]) throws(RuntimeError) {
        try deflate(bytes, Z_NO_FLUSH, to: &output)
    }

    /// Appends all that is left. Nothing can be written after it.
    func finish(to output: inout [UInt8]) throws(RuntimeError) {
        try deflate([], Z_FINISH, to: &output)
    }

    private func deflate(_ bytes: ArraySlice<UInt8>, _ flush: Int32, to output: inout [UInt8]) throws(RuntimeError) {
        var status = Z_OK
        var input = Array(bytes)
        input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            repeat {
                let room = buffer.count
                buffer.withUnsafeMutableBufferPointer { buffer in
                    stream.pointee.next_out = buffer.baseAddress
                    stream.pointee.avail_out = UInt32(room)
                    status = CZlib.deflate(stream, flush)
                }
                output += buffer[..<(room - Int(stream.pointee.avail_out))]
            } while stream.pointee.avail_out == 0
            stream.pointee.next_in = nil
        }
        // Z_BUF_ERROR says only that there was nothing more to do.
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
            throw RuntimeError(.package, "zlib cannot compress: error \(status)")
        }
    }
}
