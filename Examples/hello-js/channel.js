// Sends three messages over a channel and prints what comes back.
var leveros = require("leveros");
var client = new leveros.Client();
client.forceHost = process.env.LEVEROS_IP_PORT;
var service = client.service("dev.lever", "helloService");

async function main() {
    var stream = await service.invokeChan("EchoChan");
    ["one", "two", "three"].forEach(function (word) {
        stream.write(word);
    });
    stream.end();
    for await (var message of stream) {
        console.log(JSON.stringify(message));  // {"number":1,"message":"one"} …
    }
}

main();
