module.exports.SayHello = function (name, callback) {
    callback(null, "Hello, " + name + "!");
}

// A channel: every message comes back, with its number.
module.exports.EchoChan = function (stream) {
    var count = 0;
    stream.on("data", function (message) {
        count += 1;
        stream.write({number: count, message: message});
    });
    stream.on("end", function () {
        stream.end();
    });
}

// A channel that the service feeds: counts to `limit`.
module.exports.CountChan = async function (stream, limit) {
    for (var number = 1; number <= limit; number++) {
        await stream.send(number);
    }
}
