package import LeverCore

/// A version whose code is in place: instances of it can be started.
package struct RunnableVersion: Sendable {
    /// Its number.
    package var number: Int
    /// Its manifest.
    package var manifest: Manifest
    /// The absolute path of its extracted code.
    package var codeDirectory: String
    /// The SHA-256 of its package; `nil` where it came in none.
    package var codeDigest: String?

    package init(number: Int, manifest: Manifest, codeDirectory: String, codeDigest: String? = nil) {
        self.codeDigest = codeDigest
        self.number = number
        self.manifest = manifest
        self.codeDirectory = codeDirectory
    }

    /// What a driver is told to start an instance of it.
    func specification(_ id: InstanceID, of service: ServiceID, gateway: String? = nil) -> InstanceSpecification {
        InstanceSpecification(
            id: id, service: service, version: number, codeDirectory: codeDirectory, manifest: manifest,
            internalGateway: gateway, codeDigest: codeDigest)
    }
}

/// How far the taking over of a version has come.
package enum DeploymentPhase: String, Sendable {
    /// Its first instance is being started.
    case starting
    /// Its first instance answers; the catalog is being told.
    case ready
}
