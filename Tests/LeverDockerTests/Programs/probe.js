// Tries to reach addresses, all at once, and prints as JSON those that were reached. Arguments: `tcp:<address>:<port>` or
// `udp:<address>:<port>`, or `name:<name>` for one that is to be resolved, and before them the milliseconds that each is given.
// To be refused is to be reached: something there has answered.
const net = require("net");
const dgram = require("dgram");
const dns = require("dns");
const [milliseconds, ...targets] = process.argv.slice(2);
const reached = (target) => new Promise((resolve) => {
    const [, kind, address, port] = target.match(/^(tcp|udp|name):(.*?)(?::(\d+))?$/);
    setTimeout(() => resolve(false), Number(milliseconds));
    if (kind === "name") {
        dns.lookup(address, (error) => resolve(!error));
    } else if (kind === "tcp") {
        const socket = net.connect(Number(port), address, () => resolve(true));
        socket.on("error", (error) => { if (error.code === "ECONNREFUSED") resolve(true); });
    } else {
        const socket = dgram.createSocket(net.isIPv6(address) ? "udp6" : "udp4");
        socket.on("message", () => resolve(true)).on("error", () => {});
        socket.send("hello", Number(port), address);
    }
});
Promise.all(targets.map(async (target) => (await reached(target)) ? [target] : [])).then((found) => {
    console.log(JSON.stringify(found.flat()));
    process.exit();
});
