// Answers on ports of TCP and on port 53 of UDP, on all addresses. Arguments: the ports.
const net = require("net");
const os = require("os");
const dgram = require("dgram");
const ports = process.argv.slice(2).map(Number);
const addresses = Object.values(os.networkInterfaces()).flat().filter((one) => !one.scopeid);
let missing = ports.length + addresses.length;
const listening = () => { if (--missing === 0) console.log("ready"); };
for (const port of ports) net.createServer((socket) => socket.on("error", () => {}).end("hello")).listen(port, listening);
// A socket for each address: the answer has to come from where the question went.
for (const { address, family } of addresses) {
    const udp = dgram.createSocket(family === "IPv6" || family === 6 ? "udp6" : "udp4");
    udp.on("message", (_, from) => udp.send("hello", from.port, from.address));
    udp.bind(53, address, listening);
}
