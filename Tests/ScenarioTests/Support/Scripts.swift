/// JavaScript services of the tests.
enum Scripts {
    /// Answers with the version's name, slowly where asked, and can end its process.
    static func hello(_ version: String) -> String {
        """
        exports.SayHello = function (name, callback) { callback(null, "Hello, " + name + "!"); };
        exports.Version = function (callback) { callback(null, "\(version)"); };
        exports.Slow = function (milliseconds, callback) { setTimeout(function () { callback(null, "\(version)"); }, milliseconds); };
        exports.Fail = function (callback) { callback({code: 7, why: "no"}); };
        exports.Die = function () { process.exit(3); };
        exports.Pid = function (callback) { callback(null, process.pid); };
        exports.EchoChan = function (stream) {
            stream.on("data", function (message) { stream.write(message); });
            stream.on("end", function () { stream.end(); });
        };
        """
    }
}
