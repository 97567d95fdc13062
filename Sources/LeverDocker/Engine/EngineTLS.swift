import LeverCore
import NIOSSL

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// TLS to a container engine, with the three files that Docker's own programs want: `ca.pem`, who vouches for the engine;
/// `cert.pem` and `key.pem`, who the host is.
enum EngineTLS {
    /// - Parameter folder: Where the files are.
    /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration` that names the file that is missing or wrong.
    static func configuration(_ folder: String) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try certificates("\(folder)/ca.pem"))
        let own = "\(folder)/cert.pem"
        configuration.certificateChain = try certificates(own).map { .certificate($0) }
        let key = "\(folder)/key.pem"
        configuration.privateKey = .privateKey(
            try read(key, as: "a private key") { try NIOSSLPrivateKey(file: key, format: .pem) })
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw failure("the key in '\(key)' is not that of the certificate in '\(own)'", error)
        }
        return configuration
    }

    /// What an error means that came of TLS; `nil` for others.
    static func explanation(of error: any Error, _ folder: String) -> String? {
        if error as? NIOSSLExtraError == .failedToValidateHostname
            || error as? NIOSSLError == .unableToValidateCertificate
        {
            return "its certificate is for other names"
        }
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "its certificate is not vouched for by '\(folder)/ca.pem', or has expired"
        }
        // The other side says these of us.
        if text.contains("_ALERT_"), text.contains("CERTIFICATE") || text.contains("UNKNOWN_CA") {
            return "it refuses the certificate in '\(folder)/cert.pem'"
        }
        if text.contains("WRONG_VERSION_NUMBER") { return "it does not speak TLS there" }
        return nil
    }

    private static func certificates(_ path: String) throws -> [NIOSSLCertificate] {
        try read(path, as: "certificates") {
            let found = try NIOSSLCertificate.fromPEMFile(path)
            guard !found.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
            return found
        }
    }

    private static func read<Value>(_ path: String, as what: String, _ body: () throws -> Value) throws -> Value {
        guard access(path, R_OK) == 0 else {
            throw failure("'\(path)' cannot be read: \(String(cString: strerror(errno)))", nil)
        }
        do { return try body() } catch { throw failure("'\(path)' should hold \(what) in PEM", error) }
    }

    private static func failure(_ what: String, _ cause: (any Error)?) -> RuntimeError {
        RuntimeError(
            .invalidConfiguration,
            "TLS to the container engine: \(what); ca.pem, cert.pem and key.pem should be in that folder", cause: cause)
    }
}
