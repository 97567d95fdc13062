/// The version of Lever that this is.
public enum LeverVersion {
    /// The version, as tags and `--version` write it.
    public static let current = "0.2.0"
}
