#if canImport(CryptoKit)
internal import CryptoKit
#else
internal import CCrypto
#endif

/// The SHA-256 (FIPS 180-4) of bytes that come piece by piece: by OpenSSL, on Apple's systems by CryptoKit.
///
/// swift-crypto would do the same on all of them, but has all of BoringSSL compiled for it, which takes minutes.
final class ContentDigest {
    #if canImport(CryptoKit)
    private var hash = SHA256()

    init() {}

    /// Adds a piece.
    func update(_ bytes: [UInt8]) { hash.update(data: bytes) }

    /// The digest of all pieces, after which there are no more, in lower-case hexadecimal digits.
    func finish() -> String { hash.finalize().hexadecimal }
    #else
    private let context: OpaquePointer

    /// Nothing fails here unless there is no memory, or an OpenSSL without SHA-256.
    init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fatalError("libcrypto makes no SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds a piece.
    func update(_ bytes: [UInt8]) {
        guard EVP_DigestUpdate(context, bytes, bytes.count) == 1 else { fatalError("libcrypto takes no bytes") }
    }

    /// The digest of all pieces, after which there are no more, in lower-case hexadecimal digits.
    func finish() -> String {
        [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            var length: UInt32 = 0
            guard EVP_DigestFinal_ex(context, buffer.baseAddress, &length) == 1 else {
                fatalError("libcrypto ends no digest")
            }
            count = Int(length)
        }.hexadecimal
    }
    #endif

    /// The digest of bytes that are there already.
    static func of(_ bytes: [UInt8]) -> String {
        let digest = ContentDigest()
        digest.update(bytes)
        return digest.finish()
    }
}

extension Sequence<UInt8> {
    /// The bytes as lower-case hexadecimal digits.
    fileprivate var hexadecimal: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
