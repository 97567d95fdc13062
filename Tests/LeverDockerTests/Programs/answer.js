// Answers on ports of TCP and on port 53 of UDP, on all addresses. Arguments: the ports.
const net = require("net");
const dgram = require("dgram");
const ports = process.argv.slice(2).map(Number);
let missing = ports.length + 1;
const listening = () => { if (--missing === 0) console.log("ready"); };
for (const port of ports) net.createServer((socket) => socket.on("error", () => {}).end("hello")).listen(port, listening);
const udp = dgram.createSocket({ type: "udp6", ipv6Only: false });
udp.on("message", (_, from) => udp.send("hello", from.port, from.address));
udp.bind(53, listening);
