public import LeverCore
public import Logging

extension CallContext {
    /// The service's logger, which names the call in each line: `lever.method`, `lever.resource`, `lever.call-id`,
    /// `lever.caller`. Made anew at each use; keep it where a method logs much.
    public var logger: Logger {
        var logger = CallScope.of(self)?.logger ?? Logger(label: "lever.service")
        logger[metadataKey: "lever.method"] = "\(url.method)"
        if !url.resource.isEmpty { logger[metadataKey: "lever.resource"] = "\(url.resource)" }
        if let callID { logger[metadataKey: "lever.call-id"] = "\(callID)" }
        if let callerEnvironment { logger[metadataKey: "lever.caller"] = "\(callerEnvironment)" }
        return logger
    }
}
