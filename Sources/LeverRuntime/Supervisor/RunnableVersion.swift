package import LeverCore

/// A version whose code is in place: instances of it can be started.
package struct RunnableVersion: Sendable {
    /// Its number.
    package var number: Int
    /// Its manifest.
    package var manifest: Manifest
    /// The absolute path of its extracted code.
    package var codeDirectory: String

    package init(number: Int, manifest: Manifest, codeDirectory: String) {
        self.number = number
        self.manifest = manifest
        self.codeDirectory = codeDirectory
    }
}

/// How far the taking over of a version has come.
package enum DeploymentPhase: String, Sendable {
    /// Its first instance is being started.
    case starting
    /// Its first instance answers; the catalog is being told.
    case ready
}
